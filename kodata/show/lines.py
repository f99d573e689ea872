"""What is said of an event, as lines of text that are safe to print whatever a data set or a server put into them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from kodata.events import (
    BuildEnded,
    BuildStarted,
    Finding,
    Moved,
    PublishMoved,
    SourceMoved,
    SourceRead,
    StageEnded,
    StageMoved,
    Waiting,
)

_JOINERS = "\u200c\u200d"  # formatting characters that are part of words and emoji; all others can hide or reorder text
_MODES = {
    "live": "",
    "demo": "Answers come from the recording of the shipped sample: nothing is sent, nothing is paid",
    "offline": "Answers come from the ledger alone: nothing is sent, nothing is paid",
    "plan": "A plan: nothing billable is sent, no build is written",
}


def printable(text: str) -> str:
    """The text on one line: no control, bidi or other invisible character, each run of white space as one blank."""
    return " ".join("".join(map(_visible, text)).split())


def printable_lines(text: str) -> list[str]:
    """The text line by line with its indentation, each line as safe as `printable` makes it."""
    return ["".join(map(_visible, line.expandtabs(4))).rstrip() for line in text.splitlines()]


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS else char


def dollars(usd: float) -> str:
    """`$0.0123`; cents from ten dollars up; `$0`."""
    if usd == 0:
        return "$0"
    if 0 < usd < 0.00005:
        return "under $0.0001"
    return f"${usd:,.2f}" if usd >= 10 else f"${usd:.4f}"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def counted(n: int, noun: str, many: str = "") -> str:
    """`1 record`, `2 records`; `many` is the plural where it takes more than an s."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {many or f'{noun}s'}"


def of_start(event: BuildStarted) -> list[str]:
    """Where everything is; then, unless the services answer, who does."""
    where = f"{event.pipeline}: ledger {event.ledger}; builds {event.builds}"
    return [printable(where), *filter(None, [_MODES[event.mode]])]


def of_source(event: SourceRead) -> str:
    why = f" ({_reasons(event.reasons)})" if event.reasons else ""
    unreadable = f", {event.unreadable:,} of them unreadable{why}" if event.unreadable else ""
    return printable(f"source {event.source}: {counted(event.records, 'record')} from {event.origin}{unreadable}")


def of_progress(event: Moved) -> str:
    """How far a source, a stage or the writing of files is."""
    match event:
        case SourceMoved():
            share = f", {event.share:.0%} of its bytes" if event.share is not None else ""
            return printable(f"source {event.source}: {counted(event.items, 'item')} read{share}")
        case PublishMoved():
            return f"publish: {event.done:,} of {counted(event.records, 'record')} written"
        case StageMoved():
            done = f"{event.stage}: {event.done:,} of {counted(event.records, 'record')}"
            asked = spent(event.sent, event.usd) if event.sent else ""
            return printable(", ".join(filter(None, (done, asked, per_second(event.rate), left(event.left_s)))))


def place_of(event: Moved) -> tuple[int, int]:
    """How many are done, of how many: those of a source are foreseen from the share that is read; 0 is unknown."""
    match event:
        case SourceMoved():
            return event.items, round(event.items / event.share) if event.share else 0
        case PublishMoved() | StageMoved():
            return event.done, event.records


def of_stage(event: StageEnded) -> str:
    """What the stage kept, what it dropped and why, and where its answers came from."""
    reasons = {reason: n for reason, n in event.reasons.items() if reason != "unanswered"}
    unanswered = event.reasons.get("unanswered", 0)
    parts = [
        f"{event.stage}: {event.kept:,} of {counted(event.records, 'record')} kept",
        f"{sum(reasons.values()):,} dropped ({_reasons(reasons)})" if reasons else "",
        f"{unanswered:,} unanswered" if unanswered else "",
        f"noticed: {_reasons(event.remarks)}" if event.remarks else "",
        f"{event.remembered:,} remembered" if event.remembered else "",
        f"{counted(event.known, 'answer')} from the ledger" if event.known else "",
        spent(event.sent, event.usd) if event.sent else "",
    ]
    return printable(", ".join(filter(None, parts)))


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in reasons.items())


def of_finding(event: Finding) -> str:
    return printable(f"{event.stage}: {event.what}")


def of_waiting(event: Waiting) -> str:
    return printable(f"{event.provider}: waiting {event.wait_s:g} s ({event.why})")


def of_end(event: BuildEnded) -> str:
    held = f"; held back: {event.held_back_by}" if event.held_back_by else ""
    kept = f"{event.kept:,} of {counted(event.records, 'record')} kept, {event.dropped:,} dropped"
    return printable(f"build: {kept}, {dollars(event.usd)} spent{held}")


def per_second(rate: float) -> str:
    """`9.8 asks/s`; nothing where nothing is asked."""
    return f"{rate:,.1f} asks/s" if rate else ""


def left(seconds: float | None) -> str:
    """`about 2 min left`; nothing where it is not known or soon over."""
    if seconds is None or seconds < 10:
        return ""
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"


def spent(sent: int, usd: float) -> str:
    """`12 asks sent, $0.0123`; without dollars where nothing is charged."""
    return f"{counted(sent, 'ask')} sent" + (f", {dollars(usd)}" if usd else "")
