import pytest
from fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.retry import Backoff, retry


@given(attempt=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_jittered_over_its_upper_half_and_bounded(attempt: int, jitter: float) -> None:
    clock = FakeClock()
    slept = Backoff(sleep=clock.sleep, jitter=lambda: jitter).wait(attempt)
    assert clock.slept == [slept]
    longest = min(15.0, 0.25 * 2 ** min(attempt, 9))
    assert longest / 2 <= slept <= longest


class Flaky:
    """Fails a number of times with one error, then answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.tried = 0

    def __call__(self) -> str:
        self.tried += 1
        if self.tried <= self.failures:
            raise self.error
        return "answer"


def test_the_judge_is_told_of_every_failure_and_of_the_time_slept() -> None:
    clock = FakeClock()
    heard: list[tuple[int, float]] = []
    flaky = Flaky(3, OSError("down"))
    answer = retry(
        flaky,
        lambda error, number, slept: heard.append((number, slept)),
        Backoff(sleep=clock.sleep, jitter=lambda: 0.0),
        errors=(OSError,),
    )
    assert (answer, flaky.tried) == ("answer", 4)
    assert heard == [(0, 0.0), (1, 0.125), (2, 0.375)]
    assert sum(clock.slept) == 0.875


def test_the_judge_ends_it_and_other_errors_pass() -> None:
    clock = FakeClock()
    backoff = Backoff(sleep=clock.sleep)

    def give_up(error: Exception, number: int, slept: float) -> None:
        raise LookupError(f"after attempt {number}") from error

    with pytest.raises(LookupError, match="after attempt 0"):
        retry(Flaky(1, OSError("down")), give_up, backoff, errors=(OSError,))
    with pytest.raises(ValueError, match="other"):
        retry(Flaky(1, ValueError("other")), give_up, backoff, errors=(OSError,))
    assert clock.slept == []
