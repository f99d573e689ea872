"""What is printed of a plan: a line per stage, then what each paid stage asks, what accounts have left, and the sum."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING

from kodata.cli.table import screen_cells, table
from kodata.show.lines import counted, dollars, duration, printable

if TYPE_CHECKING:
    from kodata.planning import Fit
    from kodata.quote import Plan, StageQuote

_BASIS = {
    "assumed": "lengths are assumed, as there are no answers of these settings yet",
    "answers": "judged by {} of the past",
}
_UNLIMITED = 10**12  # characters: what DeepL says of accounts without a limit
_HEAD = ("stage", "records", "reuse", "known", "to ask", "dollars")


def plan_lines(plan: Plan) -> list[str]:
    """The plan in words, no wider than the screen."""
    rows = [_cells(stage) for stage in plan.stages]
    total = ("total", f"{plan.records:,}", "", "", f"{plan.to_ask:,}", _cost(plan.usd, plan.is_estimate))
    said = [*_paid_stages(plan), *_accounts(plan), *_sum(plan)]
    width = min(screen_cells(), 100)
    wrapped = [line for text in said for line in textwrap.wrap(printable(text), width, subsequent_indent="  ")]
    return [*table(_HEAD, [*rows, total]), *([""] if wrapped else []), *wrapped]


def fit_line(fit: Fit) -> str:
    """How many records an amount buys."""
    cost = between(fit.plan.usd_low, fit.plan.usd_high)
    if fit.limit == 0:
        return f"{dollars(fit.usd)} does not pay for the first record"
    if fit.limit is None:
        return f"{dollars(fit.usd)} buys all {counted(fit.records, 'record')}: {cost}"
    first = f"the first {fit.limit:,} of each source, {fit.plan.records:,} of {counted(fit.records, 'record')}"
    return f"{dollars(fit.usd)} buys {first}: {cost}"


def plan_json(plan: Plan, fit: Fit | None = None) -> str:
    """The plan and its sums as JSON; with `fit`, how many records of each source an amount buys (null: all)."""
    import orjson

    names = ("to_ask", "in_batches", "usd", "usd_low", "usd_high", "usd_bound", "seconds", "is_estimate")
    sums = {name: getattr(plan, name) for name in names}
    won = {"won": plan.usd * plan.won_per_usd} if plan.won_per_usd else {}
    bought = {"fit": {"usd": fit.usd, "limit": fit.limit, "records": fit.records}} if fit else {}
    return orjson.dumps({**asdict(plan), **sums, **won, **bought}, option=orjson.OPT_INDENT_2).decode()


def between(low: float, high: float) -> str:
    """`$3.2500 to $7.8400`, or one amount."""
    return dollars(high) if dollars(low) == dollars(high) else f"{dollars(low)} to {dollars(high)}"


def size_of(characters: int, tokens_in: int, tokens_out: int) -> str:
    """What is billed: `4,229,367 characters`, or `11,559,771 tokens in, 12,997,250 out`; empty when nothing is."""
    if tokens_in or tokens_out:
        return f"{tokens_in:,} tokens in, {tokens_out:,} out"
    return counted(characters, "character") if characters else ""


def _cells(stage: StageQuote) -> tuple[str, ...]:
    records = f"{stage.records:,}" + (f" + {stage.pending:,}" if stage.pending else "")
    if stage.kind != "record":
        return stage.stage, records, f"{stage.reuse:,}" if stage.reuse else "-", "-", "-", "-"
    cost = _cost(stage.usd, stage.is_estimate)
    return stage.stage, records, f"{stage.reuse:,}", f"{stage.known:,}", f"{stage.to_ask:,}", cost


def _cost(usd: float, is_estimate: bool) -> str:
    return ("about " if is_estimate and usd else "") + dollars(usd)


def _paid_stages(plan: Plan) -> Iterator[str]:
    """What each stage asks, and whether that is known. Records wait for the nearest stage before that has to ask."""
    waits_for = ""
    for stage in plan.stages:
        if stage.kind == "record" and (stage.to_ask or stage.records):
            waiting = f"known after {waits_for}: " if stage.pending else ""
            yield f"{stage.stage}: {waiting}{_asked(stage)}{_in_batches(stage)}"
        if stage.to_ask or stage.in_batches:
            waits_for = stage.stage


def _in_batches(stage: StageQuote) -> str:
    out = counted(stage.in_batches, "ask")
    return f"; {out} out in batches, for a build to collect" if stage.in_batches else ""


def _asked(stage: StageQuote) -> str:
    if not stage.to_ask:
        if stage.in_batches:
            return "nothing to ask"
        return "all remembered" if stage.reuse else "all in the ledger" if stage.known else "nothing to ask"
    about = "about " if stage.is_estimate else ""
    where = f"{counted(stage.to_ask, 'ask')} to {stage.provider} in {counted(stage.requests, 'request')}"
    size = size_of(stage.characters, stage.tokens_in, stage.tokens_out)
    cost = between(stage.usd_low, stage.usd_high) if stage.usd_bound else "free"
    bound = f"at most {dollars(stage.usd_bound)}" if dollars(stage.usd_bound) != dollars(stage.usd_high) else ""
    basis = _BASIS.get(stage.basis, "").format(counted(stage.answers, "answer"))
    if stage.basis == "texts" and stage.is_estimate:
        basis = "depends on how many texts lose a mark and are asked again in pieces"
    time = f"about {duration(stage.seconds)}" if stage.seconds is not None else ""
    return (
        ", ".join(filter(None, (where, size and about + size)))
        + ": "
        + ", ".join(filter(None, (cost, bound, time, basis)))
    )


def _accounts(plan: Plan) -> Iterator[str]:
    for quota in plan.quotas:
        if quota.limit >= _UNLIMITED:
            continue
        left = f"{max(quota.limit - quota.used, 0):,} of {quota.limit:,} characters are left on the account"
        lack = f"; {quota.missing:,} too few, so the build would stop there" if quota.missing else ""
        yield f"{quota.provider}: {left}{lack}"
    for why in plan.unasked:
        yield f"what is left on the account was not asked: {why}"


def _sum(plan: Plan) -> Iterator[str]:
    if not plan.usd_bound:
        return
    won = f", ₩{plan.usd * plan.won_per_usd:,.0f} at ₩{plan.won_per_usd:,.0f} a dollar" if plan.won_per_usd else ""
    bound = f", at most {dollars(plan.usd_bound)}" if plan.usd_bound > plan.usd_high else ""
    time = f", in about {duration(plan.seconds)}" if plan.seconds else ""
    yield f"in all: {between(plan.usd_low, plan.usd_high)}{bound}{won}{time}"
    if any(stage.tokens_in and not stage.vocabulary for stage in plan.stages):
        yield "tokens are estimated by letters; `pip install 'kodata[tokens]'` counts those of models in prices.toml"
    if plan.usd_per_day and plan.usd > plan.usd_per_day:
        days = ceil(plan.usd / plan.usd_per_day)
        yield f"with the pipeline's limit of {dollars(plan.usd_per_day)} a day that takes {counted(days, 'day')}"
