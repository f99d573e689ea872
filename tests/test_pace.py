"""How fast an account is asked: learnt from responses, cut once a burst, stopped when most requests fail."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field

import pytest

from kodata.answering.pace import Departure, Pace
from kodata.answering.patience import Patience
from kodata.providers.limits import Limits, Quota, duration_s, limits_of

PATIENCE = Patience(first_s=1.0, longest_s=8.0)


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def pace(most: int = 64, clock: Clock | None = None) -> Pace:
    return Pace(most, PATIENCE, clock or Clock())


def on_the_way(made: Pace, tokens: int = 0) -> int:
    """How many requests it lets go at once."""
    count = 0
    while made.admit(tokens) == 0:
        count += 1
    return count


@dataclass
class Account:
    """A limited account, its requests and answers in simulated time: a bucket that refills, and an answer's delay."""

    rpm: float
    clock: Clock
    level: float = 0.0
    at: float = 0.0
    refused: int = 0
    served: list[float] = field(default_factory=list)

    def set(self, rpm: float) -> None:
        self.rpm, self.level, self.at = rpm, min(self.level, rpm), self.clock.now

    def take(self) -> tuple[bool, Limits]:
        now = self.clock.now
        self.level, self.at = min(self.rpm, self.level + (now - self.at) * self.rpm / 60), now
        is_taken = self.level >= 1
        if is_taken:
            self.level -= 1
            self.served.append(now)
        self.refused += not is_taken
        return is_taken, Limits(Quota(self.rpm, int(self.level), self.rpm / 60))


def simulate(made: Pace, account: Account, seconds: float, latency_s: float, changes: dict[float, float]) -> None:
    """Ask as fast as the pace allows for so long; at the times in `changes` the account gets another limit."""
    clock, end = account.clock, account.clock.now + seconds
    events: list[tuple[float, int, Departure, bool, Limits]] = []
    pending, n = dict(changes), 0
    while clock.now < end:
        for at in [at for at in pending if clock.now >= at]:
            account.set(pending.pop(at))
        if (pause_s := made.admit(0)) == 0:
            departure = made.departure()
            clock.now += 0.0001
            is_taken, limits = account.take()
            n += 1
            heapq.heappush(events, (departure.at + latency_s * (1 + n % 7 / 10), n, departure, is_taken, limits))
            continue
        clock.now = min([clock.now + max(pause_s, 0.001), *pending, *[events[0][0] for _ in events[:1]]])
        while events and events[0][0] <= clock.now:
            _, _, departure, is_taken, limits = heapq.heappop(events)
            made.home(departure, 0, limits)
            if is_taken:
                made.went_well()
            else:
                made.was_throttled(departure, 1.0)


@pytest.mark.parametrize("latency_s", [0.05, 0.3, 0.8])
def test_a_limited_account_is_used_to_its_limit_and_hardly_refuses(latency_s: float) -> None:
    clock = Clock()
    account = Account(600, clock, 600, clock.now)
    simulate(pace(128, clock), account, 120, latency_s, {})
    assert len(account.served) >= 0.97 * (600 + 120 * 10)
    assert account.refused < 0.01 * len(account.served)


@pytest.mark.parametrize("latency_s", [0.05, 0.8])
def test_a_limit_that_is_halved_and_doubled_is_followed_within_half_a_minute(latency_s: float) -> None:
    clock = Clock()
    start = clock.now
    account = Account(600, clock, 30, start)
    simulate(pace(128, clock), account, 300, latency_s, {start + 100: 300.0, start + 200: 600.0})

    def rate(since: float, until: float) -> float:
        return sum(start + since <= at < start + until for at in account.served) / (until - since)

    assert rate(60, 100) == pytest.approx(10, rel=0.05)
    assert rate(130, 200) == pytest.approx(5, rel=0.05)
    assert rate(230, 300) == pytest.approx(10, rel=0.05)
    assert account.refused < 0.02 * len(account.served)


def back(made: Pace, limits: Limits | None = None, tokens: int = 0) -> None:
    """One request goes out and is back at once."""
    assert made.admit(tokens) == 0
    made.home(made.departure(), tokens, limits)


def test_another_build_on_the_same_account_is_noticed() -> None:
    made = pace()
    back(made, Limits(Quota(600, 599, 10)))
    back(made, Limits(Quota(600, 0, 10)))
    assert 0 < made.admit(0) < 1


def test_tokens_are_set_aside_and_settled_by_what_the_response_says() -> None:
    made = pace()
    back(made, Limits(tokens=Quota(6_000, 4_500, 100)), 1_000)
    departures = [made.departure() for _ in range(4) if made.admit(1_000) == 0]
    assert len(departures) == 4
    assert made.admit(1_000) == pytest.approx(5.31)
    for n, departure in enumerate(departures):
        made.home(departure, 1_000, Limits(tokens=Quota(6_000, 4_400 - 100 * n, 100)))  # each took 100, not 1,000
    assert made.admit(1_000) == 0


def test_a_request_larger_than_the_whole_limit_goes_when_the_bucket_is_full() -> None:
    clock = Clock()
    made = pace(clock=clock)
    back(made, Limits(tokens=Quota(100, 90, 10)), 10)
    assert made.admit(1_000) == pytest.approx(1)
    clock.now += 1
    assert made.admit(1_000) == 0


def test_the_width_doubles_with_each_round_until_everybody_works() -> None:
    made, widths = pace(100), []
    for _ in range(5):
        widths.append(on_the_way(made))
        for _ in range(widths[-1]):
            made.home(made.departure(), 0, None)
            made.went_well()
    assert widths == [16, 32, 64, 100, 100]


def test_who_stands_ready_when_another_is_refused_rests_as_well() -> None:
    clock = Clock()
    made = pace(16, clock)
    assert made.rest_s == 0
    back(made)
    made.was_throttled(made.departure(), 2.0)
    clock.now += 0.5
    assert made.rest_s == pytest.approx(1.5)


def test_of_a_burst_of_refusals_only_the_first_cuts_and_growth_is_slow_from_then_on() -> None:
    clock = Clock()
    made = pace(16, clock)
    assert on_the_way(made) == 16
    departure = made.departure()
    clock.now += 1
    for _ in range(16):
        made.home(departure, 0, None)
        made.was_throttled(departure, 2.0)
    assert made.admit(0) == pytest.approx(2)
    clock.now += 2
    assert on_the_way(made) == 8
    for _ in range(8):
        made.home(made.departure(), 0, None)
        made.went_well()
    assert on_the_way(made) == 8  # and a little: one more for each round of answers
    for _ in range(8):
        made.home(made.departure(), 0, None)
        made.went_well()
    assert on_the_way(made) == 9


def test_when_most_requests_fail_everybody_waits_and_one_tries() -> None:
    clock = Clock()
    made = pace(64, clock)
    pauses = [made.failed() for _ in range(22)]
    assert pauses == [0.0] * 19 + [1.0, 2.0, 4.0]
    assert made.admit(0) == pytest.approx(4)
    clock.now += 4
    assert on_the_way(made) == 1
    made.home(made.departure(), 0, None)
    made.went_well()
    assert on_the_way(made) == 17


def test_every_other_request_failing_stops_nobody() -> None:
    made = pace()
    for _ in range(100):
        made.went_well()
        assert made.failed() == 0.0


def test_who_waits_for_a_turn_gives_up_when_all_is_to_stop() -> None:
    made, stop = Pace(1, PATIENCE), threading.Event()
    assert made.wait_turn(0, stop)
    stop.set()
    assert not made.wait_turn(0, stop)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20ms", 0.02), ("1.5s", 1.5), ("1s", 1), ("6m0s", 360), ("7h12m", 25_920), ("1d2h", 93_600), ("0s", 0)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_s(text) is None


def headers(limit: object, left: object, reset: str) -> dict[str, str]:
    names = ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests")
    return dict(zip(names, map(str, (limit, left, reset)), strict=True))


def test_a_limit_is_by_the_minute_or_as_its_reset_shows_by_the_day() -> None:
    assert limits_of(headers(600, 540, "6s")) == Limits(Quota(600, 540, 10))
    assert limits_of(headers(200, 199, "7m12s")) == Limits(Quota(200, 199, 200 / 86_400))


@pytest.mark.parametrize("values", [("x", 1, "1s"), (0, 0, "1s"), (5, 6, "1s"), (5, -1, "1s"), ("inf", 1, "1s")])
def test_headers_that_make_no_sense_say_nothing(values: tuple[object, object, str]) -> None:
    assert limits_of(headers(*values)) is None
