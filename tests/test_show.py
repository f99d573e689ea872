"""What is drawn of a build's events: safe, seldom enough, and complete."""

from __future__ import annotations

import io
import threading
import time
import unicodedata
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kodata.events import (
    BuildEnded,
    BuildStarted,
    Event,
    Finding,
    PublishMoved,
    SourceMoved,
    SourceRead,
    StageEnded,
    StageMoved,
    StageStarted,
    Waiting,
)
from kodata.pipeline import shipped
from kodata.show import Progress, calm, chosen_for, show
from kodata.show.lines import printable, printable_lines
from kodata.show.plain import Plain

EVENTS: tuple[Event, ...] = (
    BuildStarted("alpaca-ko", "live", "/home/kim/ledger.sqlite", "/home/kim/builds/alpaca-ko"),
    SourceRead("alpaca", "items.json", 1_000, 2),
    StageStarted("translate", 1, 2, 998),
    StageMoved("translate", 500, 998, 50, 0.0123),
    Waiting("deepl", 1.5, "deepl answered 429"),
    StageEnded("translate", 998, 990, {"mark-lost": 5, "unanswered": 3}, 100, 20, 70, 0.5),
    StageStarted("regenerate", 2, 2, 990),
    StageEnded("regenerate", 990, 990, {}, known=990),
    BuildEnded("/home/kim/builds/alpaca-ko/1", 1_000, 990, 10, 0.5, True),
)


class Screen(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Moved by hand, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(progress: Progress, events: Sequence[Event], stream: io.StringIO | None = None) -> str:
    stream = stream if stream is not None else io.StringIO()
    with show(progress, stream) as tell:
        for event in events:
            tell(event)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("한국어 문장입니다.", "한국어 문장입니다."),
        ("\x1b[31m빨강\x1b[0m", "[31m빨강[0m"),
        ("지움\x7f\x00\x07", "지움"),
        ("\u202eabc\u202c \u2066def\u2069", "abc def"),
        ("두\r\n줄\u2028셋\t넷", "두 줄 셋 넷"),
        ("\ufeff보이지\u200b 않는\u00ad", "보이지 않는"),
        ("외톨이 \ud800", "외톨이"),
        ("👩\u200d🔬 می\u200cخواهم", "👩\u200d🔬 می\u200cخواهم"),
    ],
)
def test_a_printable_text_is_one_line_without_anything_invisible(text: str, line: str) -> None:
    assert printable(text) == line


@given(st.text())
def test_whatever_a_data_set_holds_is_one_printable_line(text: str) -> None:
    line = printable(text)
    kinds = {unicodedata.category(char) for char in line if char not in "\u200c\u200d"}
    assert kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert printable(line) == line


def test_printable_lines_keep_their_indentation() -> None:
    assert printable_lines("def f():\n\treturn 1\x1b[2J\n") == ["def f():", "    return 1[2J"]


def test_plain_says_where_how_far_and_why() -> None:
    assert shown("plain", EVENTS).splitlines() == [
        "alpaca-ko: ledger /home/kim/ledger.sqlite; builds /home/kim/builds/alpaca-ko",
        "source alpaca: 1,000 records from items.json, 2 of them unreadable",
        "1/2 translate: 998 records",
        "deepl: waiting 1.5 s (deepl answered 429)",
        "1/2 translate: 990 of 998 records kept, 5 dropped (mark-lost 5), 3 unanswered, 100 remembered, "
        "20 answers from the ledger, 70 asks sent, $0.5000",
        "2/2 regenerate: 990 records",
        "2/2 regenerate: 990 of 990 records kept, 990 answers from the ledger",
        "build: 990 of 1,000 records kept, 10 dropped, $0.5000 spent",
    ]


MOVES = st.lists(st.tuples(st.floats(0.01, 90), st.integers(0, 80)), max_size=60)


@given(MOVES)
def test_plain_says_how_far_at_most_every_5_percent_or_30_seconds(moves: list[tuple[float, int]]) -> None:
    clock, stream = Clock(), io.StringIO()
    plain = Plain(stream, clock)
    plain(StageStarted("translate", 1, 1, 1_000))
    said, done = (0.0, 0), 0
    for seconds, records in moves:
        clock.now += seconds
        done = min(done + records, 1_000)
        before = stream.getvalue()
        plain(StageMoved("translate", done, 1_000, 0, 0.0))
        far, late = done - said[1] >= 50 and clock.now - said[0] >= 1, clock.now - said[0] >= 30
        assert (stream.getvalue() != before) == (far or late)
        if far or late:
            said = clock.now, done


def test_plain_says_how_far_in_numbers() -> None:
    clock, stream = Clock(), io.StringIO()
    plain = Plain(stream, clock)
    plain(StageStarted("translate", 3, 8, 1_000))
    clock.now = 2.0
    plain(StageMoved("translate", 50, 1_000, 60, 0.0123))
    assert stream.getvalue().splitlines()[1] == "3/8 translate: 50 of 1,000 records, 60 asks sent, $0.0123"


def test_plain_says_how_far_a_source_is_read_and_the_corpus_written() -> None:
    clock, stream = Clock(), io.StringIO()
    plain = Plain(stream, clock)
    plain(BuildStarted("a", "live", "l", "b"))
    for seconds, share in ((0.5, 0.1), (2.0, 0.12), (2.5, 0.14), (4.0, 0.2)):
        clock.now = seconds
        plain(SourceMoved("talks", round(share * 1_000_000), share))
    for seconds, items in ((33.0, 210_000), (34.5, 400_000), (64.0, 500_000)):  # a source of unknown size
        clock.now = seconds
        plain(SourceMoved("hub", items))
    plain(SourceRead("talks", "talks.json", 1_000_000, 0))
    clock.now = 66.0
    plain(PublishMoved(60_000, 990_000))
    assert stream.getvalue().splitlines()[1:] == [
        "source talks: 120,000 items read, 12% of its bytes",
        "source talks: 200,000 items read, 20% of its bytes",
        "source hub: 400,000 items read",
        "source talks: 1,000,000 records from talks.json",
        "publish: 60,000 of 990,000 records written",
    ]


@pytest.mark.parametrize(
    ("event", "name"),
    [(SourceMoved("talks", 500, 0.25), "source talks"), (PublishMoved(500, 2_000), "publish")],
)
def test_rich_shows_one_line_for_what_is_running(event: Event, name: str) -> None:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from kodata.show.rich import Live

    progress = Bars(console=Console(file=io.StringIO()))
    live = Live(progress)
    live(event)
    (task,) = progress.tasks
    assert (task.description, task.completed, task.total) == (name, 500, 2_000)
    live(BuildEnded("/b", 1, 1, 0, 0.0, True))
    assert not progress.tasks


def test_a_storm_of_waiting_is_one_line_a_provider() -> None:
    clock, told = Clock(), list[Event]()
    tell = calm(told.append, clock)
    for n in range(400):
        clock.now = n / 100  # four seconds
        tell(Waiting(("deepl", "openai")[n % 2], 0.5, f"failure {n}"))
    assert told == [Waiting("deepl", 0.5, "failure 0"), Waiting("openai", 0.5, "failure 1")]
    clock.now = 5.0
    tell(Waiting("deepl", 8.0, "still"))
    assert told[2:] == [Waiting("deepl", 8.0, "still")]


@pytest.mark.parametrize("progress", ["plain", "rich", "json"])
def test_no_show_repeats_a_storm(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    storm = [Waiting("deepl", 0.5, "deepl answered 429")] * 100
    assert shown(progress, storm, Screen()).count("deepl answered 429") == 1


def test_json_shows_every_event_as_a_line_that_fits_the_schema() -> None:
    lines = [orjson.loads(line) for line in shown("json", EVENTS).splitlines()]
    assert [line["event"] for line in lines] == [type(event).__name__ for event in EVENTS]
    schema = Draft202012Validator(orjson.loads(shipped("schemas", "event.schema.json").read_bytes()))
    for line in lines:
        schema.validate(line)


def test_none_shows_nothing() -> None:
    assert shown("none", EVENTS) == ""


@pytest.mark.parametrize("progress", ["plain", "rich"])
def test_markup_and_control_characters_are_shown_literally_or_not_at_all(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    evil = "[bold red]번역[/bold red] :smile: \x1b]0;제목\x07\u202e끝"
    events = (
        BuildStarted(evil, "live", "none", "/b"),
        SourceRead(evil, evil, 1, 0),
        StageStarted(evil, 1, 1, 1),
        StageEnded(evil, 1, 0, {evil: 1}),
        Waiting(evil, 1, evil),
        Finding(evil, evil),
    )
    screen = shown(progress, events, Screen())
    assert screen.count("[bold red]번역[/bold red] :smile: ]0;제목끝") >= 7
    assert [mark for mark in ("\x1b]0;", "\x07", "\u202e") if mark in screen] == []


def test_rich_leaves_a_line_for_each_stage_and_none_for_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = shown("rich", EVENTS, Screen())
    assert "1/2 translate: 990 of 998 records kept, 5 dropped (mark-lost 5), 3 unanswered" in screen
    assert "2/2 regenerate: 990 of 990 records kept, 990 answers from the ledger" in screen
    assert "500 of 998 records" not in screen


def test_rich_ends_with_the_cursor_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()

    def build() -> None:
        with show("rich", screen) as tell:
            tell(EVENTS[2])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build()
    assert screen.getvalue().rfind("\x1b[?25h") > screen.getvalue().rfind("\x1b[?25l") >= 0


class Torn(io.StringIO):
    """Writes a text in two halves with a pause between, as a pipe may."""

    def write(self, text: str) -> int:
        super().write(text[:20])
        time.sleep(0)
        super().write(text[20:])
        return len(text)


def test_told_from_several_threads_nothing_is_lost_or_torn() -> None:
    stream = Torn()
    with show("json", stream) as tell:

        def say(thread: int) -> None:
            for n in range(200):
                tell(StageMoved(f"stage-{thread}", n, 200, 0, 0.0))

        threads = [threading.Thread(target=say, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    seen = [(line["stage"], line["done"]) for line in lines]
    assert sorted(seen) == sorted((f"stage-{thread}", n) for thread in range(8) for n in range(200))


@pytest.mark.parametrize("progress", ["plain", "json"])
def test_a_stream_that_is_closed_ends_no_build(progress: Progress) -> None:
    stream = io.StringIO()
    with show(progress, stream) as tell:
        tell(EVENTS[0])
        stream.close()
        for event in EVENTS:
            tell(event)


@pytest.mark.parametrize(
    ("stream", "term", "progress"),
    [
        (Screen(), "xterm", "rich"),
        (Screen(), "dumb", "plain"),
        (Screen(), "", "plain"),
        (io.StringIO(), "xterm", "plain"),
    ],
)
def test_only_a_terminal_that_can_move_its_cursor_is_drawn_on(
    stream: io.StringIO, term: str, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    assert chosen_for(stream) == progress
