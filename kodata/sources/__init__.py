"""Where records come from: one function a format, raw item to record, behind one opening of containers.

A source function gets one decoded item and gives the texts and what else the item knew. It raises Unreadable for an
item that is no record of its format; the item is then dropped with file, row and reason, and the rest goes on.
"""

from kodata.sources.formats import SOURCES
from kodata.sources.reading import Reading, digest_of, read
from kodata.sources.source import LicenceColumn, Source

__all__ = ["SOURCES", "LicenceColumn", "Reading", "Source", "digest_of", "read"]
