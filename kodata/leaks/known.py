"""The benchmarks that Korean models are measured by, and the English ones whose translations they are measured by.

Names, configurations, splits and columns are those of lm-evaluation-harness 0.4.13 and of the data sets' cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final

from kodata.errors import PipelineError, did_you_mean
from kodata.leaks.benchmark import Benchmark, Origin

_KOBEST: Final = "skt/kobest_v1"
_PARQUET: Final = "refs/convert/parquet"  # the data set itself is a script, which `datasets` does not run any more

KNOWN: Final[dict[str, Origin]] = {
    "kmmlu": Origin(hub="HAERAE-HUB/KMMLU", config="*", text=("question", "A", "B", "C", "D")),
    "hae-rae": Origin(hub="HAERAE-HUB/HAE_RAE_BENCH", config="*", text=("query",)),
    "click": Origin(hub="EunsuKim/CLIcK", split="train", text=("paragraph", "question", "choices")),
    "kobest-boolq": Origin(hub=_KOBEST, config="boolq", revision=_PARQUET, text=("paragraph", "question")),
    "kobest-copa": Origin(
        hub=_KOBEST, config="copa", revision=_PARQUET, text=("premise", "alternative_1", "alternative_2")
    ),
    "kobest-hellaswag": Origin(hub=_KOBEST, config="hellaswag", revision=_PARQUET, text=("context",)),
    "kobest-sentineg": Origin(hub=_KOBEST, config="sentineg", revision=_PARQUET, text=("sentence",)),
    "kobest-wic": Origin(hub=_KOBEST, config="wic", revision=_PARQUET, text=("context_1", "context_2")),
    "logickor": Origin(hub="maywell/LogicKor", split="train", text=("questions",), each=True),
    "ifeval-ko": Origin(hub="allganize/IFEval-Ko", split="train", text=("prompt",)),
    # In English: Ko-HellaSwag, Ko-ARC, Ko-MMLU, Ko-TruthfulQA and others are translations of these.
    "hellaswag": Origin(hub="Rowan/hellaswag", split="validation", text=("ctx",)),
    "arc-challenge": Origin(hub="allenai/ai2_arc", config="ARC-Challenge", text=("question",)),
    "arc-easy": Origin(hub="allenai/ai2_arc", config="ARC-Easy", text=("question",)),
    "mmlu": Origin(hub="cais/mmlu", config="all", text=("question", "choices")),
    "truthfulqa": Origin(hub="truthfulqa/truthful_qa", config="generation", split="validation", text=("question",)),
    "winogrande": Origin(hub="allenai/winogrande", config="winogrande_xl", split="validation", text=("sentence",)),
    "gsm8k": Origin(hub="openai/gsm8k", config="main", text=("question",)),
    "ifeval": Origin(hub="google/IFEval", split="train", text=("prompt",)),
}


def wanted(entries: object) -> tuple[Benchmark, ...]:
    """The benchmarks that a setting names, not loaded yet: "all" that are known, or a list of names, paths and tables.

    A table has the fields of `Origin` and a `name`; of a known name, the columns hold for a copy elsewhere too. Raises
    PipelineError on what is none of these, naming the nearest that is.
    """
    if entries == "all":
        return tuple(Benchmark(name, origin=origin) for name, origin in KNOWN.items())
    if not isinstance(entries, (list, tuple)):
        raise PipelineError(f'it is neither "all" nor a list, but {entries!r}')
    found = tuple(_wanted(entry) for entry in entries)
    names = [benchmark.name for benchmark in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PipelineError(f'the benchmark "{min(twice)}" stands twice. Give one a `name` of its own')
    return found


def _wanted(entry: object) -> Benchmark:
    if isinstance(entry, str) and entry in KNOWN:
        return Benchmark(entry, origin=KNOWN[entry])
    if isinstance(entry, str):
        if not _is_path(entry):
            raise PipelineError(f'no benchmark "{entry}"{did_you_mean(entry, KNOWN)} (a file is given by its path)')
        return _wanted({"path": entry})
    if not isinstance(entry, Mapping):
        raise PipelineError(f"a benchmark is a name, a path or a table, not {entry!r}")
    return _from_table(dict(entry))


def _from_table(table: dict[str, object]) -> Benchmark:
    from pydantic import TypeAdapter, ValidationError

    known = {f.name for f in fields(Origin)} | {"name"}
    if wrong := [key for key in table if key not in known]:
        raise PipelineError(f'a benchmark has no "{wrong[0]}"{did_you_mean(wrong[0], known)}')
    if bool(table.get("path")) == bool(table.get("hub")):
        raise PipelineError("a benchmark in a table has one of `path` and `hub`")
    name = str(table.pop("name", "") or _stem(str(table.get("path") or table.get("hub"))))
    try:
        origin = TypeAdapter(Origin).validate_python({"text": KNOWN.get(name, Origin()).text, **table})
    except ValidationError as error:
        raise PipelineError(f'benchmark {name}, "{error.errors()[0]["loc"][0]}": {error.errors()[0]["msg"]}') from error
    return Benchmark(name, origin=replace(origin, each=origin.each or KNOWN.get(name, Origin()).each))


def _is_path(text: str) -> bool:
    return "/" in text or "." in text


def _stem(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].partition(".")[0]
