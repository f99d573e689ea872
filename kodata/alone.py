"""Stages alone, on what people have: a polars or pandas frame, a `datasets.Dataset`, or a list of dicts.

Rows of any shape are read as Alpaca records (instruction, input, output; other fields are kept as extra); a frame or
Dataset that has the columns of a corpus, such as `build.corpus`, is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import polars as pl

from kodata.answering import Answering, Purse
from kodata.benchmarks import load_benchmark
from kodata.building import provider_for, silent
from kodata.corpus import COLUMNS, Split, TextField, conserved
from kodata.errors import PipelineError, did_you_mean
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import wanted
from kodata.ledger import Ledger
from kodata.pipeline import endpoint, schema, shipped, translation_prompt
from kodata.prices import load_prices
from kodata.providers.deepl import DeepLTranslator
from kodata.providers.echo import EchoFace
from kodata.providers.openai import OpenAIWriter
from kodata.providers.openai_translator import OpenAITranslator
from kodata.rules import RULES, Rule
from kodata.sources import Source, read
from kodata.sources.memory import Data, corpus_in, open_data
from kodata.stages import RecordStage
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.dedupe import Dedupe
from kodata.stages.filter import Filter
from kodata.stages.regenerate import Regenerate
from kodata.stages.translate import Translate
from kodata.stages.validate import Validate
from kodata.walk import tell_stories
from kodata.workspace import Workspace, environment

_TRIPLE = ("instruction", "input", "output")


def translate(
    data: Data,
    by: str | DeepLTranslator | OpenAITranslator = "deepl",
    *,
    fields: Sequence[TextField] = ("instruction", "input"),
    budget: float = 0.0,
) -> Split:
    """The records with `fields` in Korean, and those that left. `budget` is in dollars.

    `by` is "deepl", "openai/<model>" or "echo", which pretends.
    """
    face = _translator(by) if isinstance(by, str) else by
    if not isinstance(face, EchoFace):
        face = replace(face, provider=_at(face.provider.partition("@")[0]))
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if wrong := [name for name in names if name not in get_args(TextField)]:
        raise PipelineError(f'no field "{wrong[0]}"{did_you_mean(wrong[0], get_args(TextField))}')
    return _told(Translate(face, names), data, budget)  # type: ignore[arg-type]  # they are fields


def _translator(by: str) -> EchoFace | DeepLTranslator | OpenAITranslator:
    service, _, model = by.partition("/")
    if service == "openai" and model:
        return OpenAITranslator(model, translation_prompt())
    if by not in ("deepl", "echo"):
        raise PipelineError(f'no translator "{by}"{did_you_mean(by, ("deepl", "openai/<model>", "echo"))}')
    return EchoFace() if by == "echo" else DeepLTranslator()


def regenerate(data: Data, model: str, *, prompt: str | None = None, budget: float = 0.0) -> Split:
    """The records with every output written anew by the model ("echo" pretends), and those that left.

    `prompt` is the system message, by default the one of `alpaca-ko`. `budget` is in dollars.
    """
    face = EchoFace() if model == "echo" else OpenAIWriter(model, provider=_at("openai"))
    text = prompt if prompt is not None else shipped("pipelines", "prompts", "answer-ko.md").read_text(encoding="utf-8")
    return _told(Regenerate(face, text), data, budget)


def sieve(data: Data, rules: Sequence[str | Rule], *, strict: bool = False) -> Split:
    """The records that no rule drops, flagged and mended as the rules say, and the others with the rule as reason.

    `remarks` holds what was flagged, mended or counted; `strict` drops what is for review.
    """
    for rule in rules:
        if isinstance(rule, str) and rule not in RULES:
            raise PipelineError(f'no rule "{rule}" - known: {", ".join(RULES)}')
    stage = Filter(tuple(RULES[rule]() if isinstance(rule, str) else rule for rule in rules), strict)
    frame, before = _corpus(data)
    return _checked(frame, stage.run(frame), before)


def dedupe(data: Data, *, columns: Sequence[str] = _TRIPLE, min_share: float = 0.8) -> Split:
    """One record of each set of twins, and the others with the twin that was kept. Korean is compared by 3-grams."""
    frame, before = _corpus(data)
    stage = _dedupe(frame, columns, min_share)
    dropped = stage.decide(stage.sketch(frame))
    return _checked(frame, Split(frame.join(dropped, on="id", how="anti", maintain_order="left"), dropped), before)


def borderline(data: Data, n: int = 20, *, columns: Sequence[str] = _TRIPLE, min_share: float = 0.8) -> pl.DataFrame:
    """The n pairs nearest to where `dedupe` draws its line: share, is_twin, better, other (ids), and both texts.

    The most similar first; `is_twin` pairs are near twins, of which `dedupe` keeps the better.
    """
    frame, _ = _corpus(data)
    stage = _dedupe(frame, columns, min_share)
    pairs = stage.borderline(stage.sketch(frame), n)
    text = pl.concat_str(pl.col(columns), separator="\n", ignore_nulls=True).str.join("\n")
    texts = frame.group_by("id").agg(text=text.str.strip_chars())
    for side in ("better", "other"):
        renamed = texts.rename({"id": side, "text": f"{side}_text"})
        pairs = pairs.join(renamed, on=side, how="left", maintain_order="left")
    return pairs.select("share", "is_twin", "better", "other", "better_text", "other_text")


def tried(data: Data, shares: Sequence[float], *, columns: Sequence[str] = _TRIPLE) -> pl.DataFrame:
    """How many records `dedupe` would drop as near twins with other values of `min_share`: min_share, near."""
    frame, _ = _corpus(data)
    stage = _dedupe(frame, columns, min(shares))
    return stage.tried(stage.sketch(frame), shares)


def _dedupe(frame: pl.DataFrame, columns: Sequence[str], min_share: float) -> Dedupe:
    is_korean = frame["instruction"].str.contains(r"\p{Hangul}").mean()
    return Dedupe(tuple(columns), 3 if isinstance(is_korean, float) and is_korean > 0.5 else 5, min_share)


def decontaminate(
    data: Data, benchmarks: Literal["all"] | Sequence[str | Mapping[str, object] | Benchmark] = "all"
) -> Split:
    """The records in which no item of the benchmarks stands, and the others with benchmark, item and coverage.

    Benchmarks are known names (`kodata.leaks.known`), paths, tables as in a pipeline file, or loaded already. Raises
    SourceError when one cannot be loaded: `kodata.benchmarks.load_benchmarks` gives those that can.
    """
    frame, before = _corpus(data)
    given = [] if benchmarks == "all" else [b for b in benchmarks if isinstance(b, Benchmark)]
    named = wanted(benchmarks if benchmarks == "all" else [b for b in benchmarks if not isinstance(b, Benchmark)])
    loaded = [load_benchmark(benchmark, environment().get("HF_TOKEN")) for benchmark in (*given, *named)]
    return _checked(frame, Decontaminate(tuple(loaded)).run(frame), before)


def validate(data: Data) -> Split:
    """The records that fit `schemas/record.schema.json`, and the others with what does not fit."""
    frame, before = _corpus(data)
    return _checked(frame, Validate(schema()).run(frame), before)


def _told(stage: RecordStage, data: Data, budget: float) -> Split:
    env = environment()
    workspace = Workspace.of(env)
    frame, before = _corpus(data)
    face = stage.by  # type: ignore[attr-defined]  # whom it asks
    glossary = getattr(face, "glossary", None)
    glossaries = {glossary.digest: glossary} if glossary is not None else None
    provider = provider_for(face.provider, env, load_prices(workspace.prices), glossaries, sends=True)
    with Ledger.in_memory() if provider.is_pretend else Ledger(workspace.ledger) as ledger:
        answering = Answering(ledger, {provider.name: provider}, Purse(budget), silent)
        split, unanswered = tell_stories(stage, frame, answering, lambda _: None)
    return _checked(frame, Split(split.kept, pl.concat([split.dropped, unanswered])), before)


def _checked(frame: pl.DataFrame, split: Split, unreadable: pl.DataFrame) -> Split:
    conserved(frame, split, "alone")
    return replace(split, dropped=pl.concat([unreadable, split.dropped]))


def _corpus(data: Data) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The data as a corpus frame, and what could not be read, as dropped."""
    corpus = corpus_in(data)
    if corpus is not None:
        frame = corpus.select(list(COLUMNS))
        return frame, Split(frame).dropped
    reading = read(Source("alpaca", "data"), open_data(data))
    return reading.frame, reading.dropped


def _at(service: str) -> str:
    return endpoint(service, environment())
