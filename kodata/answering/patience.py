"""How long a failing request is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from kodata.errors import Transient


@dataclass(frozen=True)
class Patience:
    """How long a failing request is tried again. Waits grow from `first_s` to `longest_s`."""

    attempts: int = 8
    seconds: float = 300.0
    first_s: float = 0.5
    longest_s: float = 30.0
    lost: int = 4  # answers lost on the wire, each of which may have been billed
    failures_in_a_row: int = 5  # requests given up in a row before the provider counts as unreachable

    def retrying(
        self,
        may_help: Callable[[BaseException], bool],
        waits: Callable[[Transient, float], None],
        sleep: Callable[[float], None],
    ) -> Retrying:
        """What calls a function until it succeeds or nothing `may_help`; `waits` is told of each pause, in seconds.

        What the service asked for goes before the pause of our own, which grows with jitter.
        """
        own = wait_exponential_jitter(multiplier=self.first_s, max=self.longest_s)

        def pause_s(state: RetryCallState) -> float:
            failed = _failure(state)
            pause = own(state) if failed.retry_after_s is None else failed.retry_after_s
            waits(failed, pause)
            return pause

        return Retrying(
            retry=retry_if_exception(may_help),
            stop=stop_after_attempt(self.attempts) | stop_after_delay(self.seconds),
            wait=pause_s,
            sleep=sleep,
            reraise=True,
        )


PATIENT = Patience()


def _failure(state: RetryCallState) -> Transient:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, Transient)  # nothing else is tried again
    return failed
