"""What is said of a function that fails wherever it is invoked, and of how certain an answer is."""

import pytest
from factories import make_analysis, make_configuration, make_invocation, make_measurement

from powertune.analysis import Outcome
from powertune.model import FUNCTION_FAILS, Advisory, Design, GridDesign, Measurement, Status

WORDS = Advisory(code="function-error", message="fn failed: KeyError", next_step="fix it")


def failing(memory_mb: int) -> Measurement:
    fails = [make_invocation(status=Status.ERROR, error_type="KeyError", memory_mb=memory_mb) for _ in range(2)]
    return make_measurement(memory_mb=memory_mb, cold=0, others=fails)


@pytest.mark.parametrize(
    ("tried", "asked", "words"),
    [
        ((128,), (128,), "No memory size cures that"),
        ((128,), (128, 256), "No memory size cures that, so no other was invoked"),
        ((128, 256), (128, 256), "It failed the same way at both sizes"),
        ((128, 256, 512), (128, 256, 512), "It failed the same way at all 3 sizes"),
        ((128, 256), (128, 256, 512), "It failed the same way at 2 sizes, so no other was invoked"),
    ],
)
def test_where_a_function_has_failed_is_said(tried: tuple[int, ...], asked: tuple[int, ...], words: str) -> None:
    search = GridDesign(configurations=tuple(map(make_configuration, asked)), invocations=20)
    design = Design(search=search, lanes=1, concurrency=8, seed=1)
    analysis = make_analysis(*map(failing, tried), stopped=FUNCTION_FAILS, advisories=(WORDS,), design=design)
    assert analysis.outcome is Outcome.FAILED
    assert analysis.explanation == f"fn failed: KeyError. {words}"


def test_a_single_pair_is_not_counted() -> None:
    durations = [100.0, 101.0, 99.0, 102.0, 98.0] * 4
    two = [make_measurement(memory_mb=mb, durations=[d * 128 / mb for d in durations]) for mb in (128, 256)]
    three = [*two, make_measurement(memory_mb=512, durations=[d / 4 for d in durations])]
    for measured, certainty in ((two, "(at 95 %)"), (three, "(at 95 % over all 3 pairs)")):
        recommendation = make_analysis(*measured).recommendation
        assert recommendation is not None
        assert any(reason.endswith(certainty) for reason in recommendation.reasons)
