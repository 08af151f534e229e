"""Trying again: the one loop that every retried request goes through, with backoff and jitter."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from powertune.aws.error_translation import aws_errors, is_refused
from powertune.aws.identity import Identity

R = TypeVar("R")

#: Decides about a failed attempt, from the error, the number of the attempt (from 0) and the seconds slept so far:
#: raises to give up, returns to have it tried again.
Judge = Callable[[Exception, int, float], None]

_BACKOFF_S = 0.25
_BACKOFF_LIMIT_S = 15.0
#: Keeps the exponent small; the limit is reached long before.
_MOST_DOUBLINGS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait between attempts: exponentially longer, with jitter. Sleep and jitter are injected."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def wait(self, attempt: int) -> float:
        """Sleep after a failed attempt (the first is 0); returns the seconds slept. The upper half is jitter."""
        longest = min(_BACKOFF_LIMIT_S, _BACKOFF_S * float(2 ** min(attempt, _MOST_DOUBLINGS)))
        pause = longest * (0.5 + 0.5 * self.jitter())
        self.sleep(pause)
        return pause


def retry(attempt: Callable[[], R], judge: Judge, backoff: Backoff, *, errors: tuple[type[Exception], ...]) -> R:
    """Try until it succeeds, or until `judge` raises for one of these errors.

    Raises:
        Exception: what `judge` raises; what `attempt` raises beside `errors`.
    """
    slept = 0.0
    for number in count():
        try:
            return attempt()
        except errors as error:
            judge(error, number, slept)
            slept += backoff.wait(number)
    raise AssertionError("the loop ends only by an answer or an error")


def signed(identity: Identity, send: Callable[[], R], *, most: int) -> R:
    """Send; where AWS refuses expired credentials, sign in again and send again, at most `most` times.

    Safe for every call: what is signed with expired credentials is not executed.
    """
    for _ in range(most):
        signer = identity.current()
        try:
            return send()
        except aws_errors() as error:
            if not (is_refused(error) and identity.renew(signer)):
                raise
    return send()
