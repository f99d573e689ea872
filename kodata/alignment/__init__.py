"""Pairs two files of which one is a translation of the other, when only their order is left.

Both files keep their order, and either may lack records of the other. Words that survive translation (numbers, names,
code) pin the files together first; from the records between the pins it is learned which Korean goes with which
English, and with that every record is placed. Nothing is known beforehand: no dictionary, no ids.
"""

from __future__ import annotations

from kodata.alignment.aligning import Alignment, Gap, Pair, align

__all__ = ["Alignment", "Gap", "Pair", "align"]
