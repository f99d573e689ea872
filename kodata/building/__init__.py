"""Builds: the run that a pipeline file and its options make, its folders, and what is published."""

from kodata.building.folders import locked
from kodata.building.making import build, silent
from kodata.building.options import Options
from kodata.building.providers import provider_for
from kodata.building.run import Run, ledger_of, run_of, shards_of, where

__all__ = ["Options", "Run", "build", "ledger_of", "locked", "provider_for", "run_of", "shards_of", "silent", "where"]
