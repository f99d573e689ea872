"""Loads benchmarks: from the Hugging Face hub, from files, or as a task file of lm-evaluation-harness says."""

from __future__ import annotations

from kodata.benchmarks.loading import Loaded, load_benchmark, load_benchmarks

__all__ = ["Loaded", "load_benchmark", "load_benchmarks"]
