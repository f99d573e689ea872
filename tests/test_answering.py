"""Ledger first, then provider: each question asked once, retried in one place, never past the budget."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from llmock.pytest_plugin import LLMock

from kodata.answering import Answering, Patience, Purse, Unanswered
from kodata.asks import Answer, Ask
from kodata.building import silent
from kodata.corpus import Record, Turn
from kodata.errors import Misconfigured, OverBudget, Refused, Transient, Unreachable
from kodata.events import Event, Waiting
from kodata.ledger import Ledger
from kodata.prices import load_prices
from kodata.providers import Free, take_equal
from kodata.providers.openai import OpenAI, OpenAIWriter
from kodata.stages import Drop, Story
from kodata.stages.regenerate import Regenerate

HASTY = Patience(attempts=4, seconds=30, first_s=0.001, longest_s=0.002, failures_in_a_row=3)


@dataclass
class ByHand(Free):
    """A provider whose answers are given by a function; it writes down every request."""

    reply: Callable[[Ask], str] = lambda ask: f"{ask.content}!"
    usd: float = 0.0
    bound: float | None = None
    name: str = "hand"
    is_pretend: bool = False
    batch: int = 3
    parallel: int = 2
    requests: list[list[str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, pending: deque[Ask]) -> list[Ask]:
        return take_equal(pending, self.batch)

    def usd_bound(self, ask: Ask) -> float:
        return self.usd if self.bound is None else self.bound

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        with self.lock:
            self.requests.append([ask.content for ask in asks])
        return [Answer(self.reply(ask), "hand", usd=self.usd) for ask in asks]


def story(ident: str, *rounds: Sequence[str]) -> Story:
    """Asks the texts of each round at once and puts all answers into the instruction."""
    heard = []
    for texts in rounds:
        answers = yield [Ask("hand", "", text) for text in texts]
        heard += [answer.text for answer in answers]
    return Record((Turn(id=ident, turn=0, instruction=" ".join(heard)),))


def desk(provider: ByHand, ledger: Ledger, **settings: object) -> Answering:
    options = {"purse": Purse(1.0), "tell": silent, "patience": HASTY, **settings}
    return Answering(ledger, {provider.name: provider}, **options)  # type: ignore[arg-type]


def told(answering: Answering, *stories: tuple[str, Story]) -> dict[str, str]:
    endings = answering.run(stories, lambda _: None)
    return {ident: end.turns[0].instruction if isinstance(end, Record) else end.why for ident, end in endings.items()}  # type: ignore[union-attr]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.in_memory()


def test_asks_of_many_records_share_full_requests_and_repeats_are_asked_once(ledger: Ledger) -> None:
    hand = ByHand()
    ends = told(desk(hand, ledger), *((f"r{n}", story(f"r{n}", [f"t{n}", "same"])) for n in range(5)))
    assert ends == {f"r{n}": f"t{n}! same!" for n in range(5)}
    assert sorted(map(len, hand.requests)) == [3, 3]
    assert sorted(text for request in hand.requests for text in request) == ["same", "t0", "t1", "t2", "t3", "t4"]


def test_questions_of_unlike_settings_need_not_wait_for_each_other(ledger: Ledger) -> None:
    both = threading.Barrier(2)

    def asking(settings: str) -> Story:
        (answer,) = yield [Ask("hand", settings, "text")]
        return Record((Turn(settings, 0, instruction=answer.text),))

    hand = ByHand(reply=lambda ask: f"{both.wait(timeout=5) in (0, 1)}")
    assert told(desk(hand, ledger), ("a", asking("a")), ("b", asking("b"))) == {"a": "True", "b": "True"}


def test_one_story_may_ask_the_same_twice(ledger: Ledger) -> None:
    hand = ByHand()
    assert told(desk(hand, ledger), ("r", story("r", ["a", "a"], ["a", "b"]))) == {"r": "a! a! a! b!"}
    assert hand.requests == [["a"], ["b"]]


def test_a_slow_story_holds_up_nobody(ledger: Ledger) -> None:
    hand = ByHand(batch=1)
    long = story("long", *([f"x{n}"] for n in range(6)))
    ends = told(desk(hand, ledger), ("long", long), ("short", story("short", ["y"])))
    assert list(ends) == ["short", "long"]


def test_what_the_ledger_knows_is_not_sent(ledger: Ledger) -> None:
    hand = ByHand()
    told(desk(hand, ledger), ("r", story("r", ["a", "b"])))
    again = desk(hand, ledger)
    assert told(again, ("r", story("r", ["a"], ["b", "c"]))) == {"r": "a! b! c!"}
    assert hand.requests == [["a", "b"], ["c"]]
    assert (again.tallies["hand"].known, again.tallies["hand"].sent) == (2, 1)


def test_pretended_answers_stay_out_of_the_ledger(ledger: Ledger) -> None:
    told(desk(ByHand(is_pretend=True), ledger), ("r", story("r", ["a"])))
    assert len(ledger) == 0


def test_where_nothing_is_sent_an_unknown_question_ends_its_record_as_unanswered(ledger: Ledger) -> None:
    hand = ByHand()
    offline = desk(hand, ledger, sends=False)
    assert told(offline, ("r", story("r", ["a", "b"]))) == {"r": "not in the ledger"}
    assert (hand.requests, offline.tallies["hand"].unanswered) == ([], 2)


def test_a_refused_request_is_halved_until_the_text_stands_alone(ledger: Ledger) -> None:
    class Picky(ByHand):
        def answer(self, asks: Sequence[Ask]) -> list[Answer]:
            if any(ask.content == "bad" for ask in asks):
                raise Refused("hand does not take the request (400)")
            return super().answer(asks)

    hand = Picky(batch=8)
    ends = told(desk(hand, ledger), *((text, story(text, [text])) for text in ("a", "b", "bad", "c")))
    assert ends == {"a": "a!", "b": "b!", "bad": "hand does not take the request (400)", "c": "c!"}
    assert len(ledger) == 3


class Failing(ByHand):
    """Fails the first requests for the given reasons."""

    def __init__(self, *failures: Exception, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.failures = list(failures)
        self.tried = 0

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        with self.lock:
            self.tried += 1
            if self.failures:
                raise self.failures.pop(0)
        return super().answer(asks)


def test_a_passing_failure_is_tried_again(ledger: Ledger) -> None:
    hand = Failing(Transient("503"), Transient("503"))
    assert told(desk(hand, ledger), ("r", story("r", ["a"]))) == {"r": "a!"}
    assert hand.tried == 3


def test_retries_exhausted_end_the_record_as_unanswered(ledger: Ledger) -> None:
    hand = Failing(*[Transient("hand answered 503")] * 4)
    assert told(desk(hand, ledger), ("r", story("r", ["a"]))) == {"r": "hand answered 503"}
    assert hand.tried == HASTY.attempts


def test_a_provider_that_keeps_failing_is_unreachable(ledger: Ledger) -> None:
    hand = Failing(*[Transient("hand answered 503")] * 1000, batch=1)
    with pytest.raises(Unreachable, match="run again to go on"):
        told(desk(hand, ledger), *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(100)))
    assert hand.tried <= (HASTY.failures_in_a_row + 2) * HASTY.attempts


def test_what_asking_again_cannot_help_is_asked_once(ledger: Ledger) -> None:
    hand = Failing(*[Misconfigured("wrong key")] * 1000, batch=1)
    with pytest.raises(Misconfigured):
        told(desk(hand, ledger), *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(100)))
    assert hand.tried <= hand.parallel


def test_answers_on_the_way_are_committed_when_another_request_fails_for_good(ledger: Ledger) -> None:
    class Slow(ByHand):
        def answer(self, asks: Sequence[Ask]) -> list[Answer]:
            if asks[0].content == "bad":
                time.sleep(0.05)
                raise Misconfigured("wrong key")
            time.sleep(0.1)
            return super().answer(asks)

    with pytest.raises(Misconfigured):
        told(desk(Slow(batch=1), ledger), *((text, story(text, [text])) for text in ("bad", "good", "later")))
    good = Ask("hand", "", "good")
    assert (len(ledger), ledger.known([good.key])[good.key].text) == (1, "good!")


def test_everybody_waits_when_one_is_throttled(ledger: Ledger) -> None:
    told_of: list[Event] = []
    hand = Failing(Transient("hand answered 429", retry_after_s=0.2, is_throttled=True), batch=1)
    began = time.monotonic()
    told(desk(hand, ledger, tell=told_of.append), *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(6)))
    assert time.monotonic() - began >= 0.2
    assert told_of == [Waiting("hand", 0.2, "hand answered 429")]


def test_a_lost_answer_counts_against_the_budget_and_is_written_down(ledger: Ledger) -> None:
    hand = Failing(Transient("cut", is_lost=True), usd=0.4)
    answering = desk(hand, ledger)
    assert told(answering, ("r", story("r", ["a"]))) == {"r": "a!"}
    assert (ledger.lost(), answering.tallies["hand"].lost) == ((1, 0.4), 1)
    assert answering.purse.spent_usd == pytest.approx(0.8)


@pytest.mark.parametrize("parallel", [1, 7])
def test_spent_and_set_aside_never_pass_the_budget(ledger: Ledger, parallel: int) -> None:
    highest = 0.0

    class Watched(Purse):
        def reserve(self, usd: float) -> bool:
            nonlocal highest
            fits = super().reserve(usd)
            highest = max(highest, self.spent_usd + self.aside_usd)
            return fits

    hand = ByHand(usd=0.1, bound=0.25, batch=1)
    purse = Watched(1.0)
    answering = desk(hand, ledger, purse=purse, parallel=parallel)
    with pytest.raises(OverBudget, match="go on"):
        told(answering, *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(50)))
    assert highest <= 1.0 + 1e-9
    assert len(ledger) == len(hand.requests) == 8  # a ninth could have made it 1.05
    assert purse.aside_usd == pytest.approx(0.0)


@pytest.mark.parametrize("parallel", [2, 5])
def test_a_failed_request_keeps_its_place_in_the_budget(ledger: Ledger, parallel: int) -> None:
    hand = Failing(Transient("hand answered 503"), usd=0.1, bound=1.0, batch=1)
    answering = desk(hand, ledger, purse=Purse(2.5), parallel=parallel)
    told(answering, *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(12)))
    assert (len(ledger), answering.purse.spent_usd) == (12, pytest.approx(1.2))


def test_a_batch_that_does_not_fit_the_budget_is_sent_in_part(ledger: Ledger) -> None:
    hand = ByHand(usd=0.1, batch=8)
    with pytest.raises(OverBudget):
        told(desk(hand, ledger, purse=Purse(0.5)), *((f"r{n}", story(f"r{n}", [f"t{n}"])) for n in range(8)))
    assert len(ledger) == 5


def test_a_story_may_have_nothing_to_ask(ledger: Ledger) -> None:
    assert told(desk(ByHand(), ledger), ("r", story("r", [], ["a"], []))) == {"r": "a!"}


def test_an_answer_that_is_lost_again_and_again_is_not_bought_for_ever(ledger: Ledger) -> None:
    hand = Failing(*[Transient("cut", is_lost=True)] * 100, usd=0.1)
    patience = Patience(attempts=50, first_s=0.001, longest_s=0.002, lost=3)
    assert told(desk(hand, ledger, patience=patience), ("r", story("r", ["a"]))) == {"r": "cut"}
    assert (hand.tried, ledger.lost()) == (3, (3, pytest.approx(0.3)))


def test_a_bug_in_reading_an_answer_is_raised_with_the_loss_written_down(ledger: Ledger) -> None:
    hand = Failing(RuntimeError("bug"), usd=0.1)
    with pytest.raises(RuntimeError, match="bug"):
        told(desk(hand, ledger), ("r", story("r", ["a"])))
    assert ledger.lost() == (1, 0.1)


def writer_desk(llmock: LLMock, ledger: Ledger, tmp_path: Path) -> tuple[Answering, Regenerate]:
    name = f"openai@{llmock.url.removeprefix('http://')}"
    provider = OpenAI("any", load_prices(tmp_path / "none.toml"), name, llmock.base_url("openai"))
    patience = Patience(attempts=6, seconds=60, first_s=0.05, longest_s=0.5)
    answering = Answering(ledger, {name: provider}, Purse(1.0), silent, parallel=3, patience=patience)
    return answering, Regenerate(OpenAIWriter("gpt-6-luna", provider=name), "한국어로 답하세요.")


def test_retry_after_is_kept_to_and_nothing_else_is_retried(llmock: LLMock, ledger: Ledger, tmp_path: Path) -> None:
    answering, stage = writer_desk(llmock, ledger, tmp_path)
    llmock.reply("나무는 봄에 잎을 냅니다.", times=None)
    llmock.rate_limit(times=2, retry_after=0.4).fail(503, times=1).fail(500, times=1)
    stories = ((f"r{n}", stage.story(Record((Turn(id=f"r{n}", turn=0, instruction=f"물음 {n}"),)))) for n in range(8))
    ends = answering.run(stories, lambda _: None)
    assert {end.turns[0].output for end in ends.values() if isinstance(end, Record)} == {"나무는 봄에 잎을 냅니다."}
    assert len(ends) == 8
    llmock.assert_resilient()


def test_a_limited_account_loses_no_question(llmock: LLMock, ledger: Ledger, tmp_path: Path) -> None:
    answering, stage = writer_desk(llmock, ledger, tmp_path)
    llmock.reply("나무는 봄에 잎을 냅니다.", times=None).limits(rpm=600)
    stories = ((f"r{n}", stage.story(Record((Turn(id=f"r{n}", turn=0, instruction=f"물음 {n}"),)))) for n in range(620))
    ends = answering.run(stories, lambda _: None)
    assert [end for end in ends.values() if not isinstance(end, Record)] == []
    assert not isinstance(ends["r0"], Drop)


def test_a_bad_request_is_sent_once(llmock: LLMock, ledger: Ledger, tmp_path: Path) -> None:
    answering, stage = writer_desk(llmock, ledger, tmp_path)
    llmock.context_overflow()
    end = answering.run([("r", stage.story(Record((Turn(id="r", turn=0, instruction="물음"),))))], lambda _: None)["r"]
    assert isinstance(end, Unanswered)
    assert end.why.endswith("answered 400")
    assert len(llmock.requests) == 1
