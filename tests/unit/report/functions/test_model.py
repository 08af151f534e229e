"""What became of functions, their ranks, and the error to end with."""

import pytest
from many_results import analysis_of, full_results, result, results_of

from powertune.errors import AccessDenied, Inconclusive, Interrupted, NotFound, NotRestored, PowertuneError
from powertune.report.functions import FunctionResult


def test_the_largest_saving_comes_first_and_unknown_traffic_after_what_is_known() -> None:
    ranked = full_results().ranked
    assert [each.target for each in ranked[:4]] == ["large", "small", "fine", "unknown"]
    assert [(each.target, each.status.value) for each in ranked[4:]] == [
        ("nosuch", "failed"),
        ("denied", "failed"),
        ("stuck", "not-restored"),
        ("stopped", "interrupted"),
        ("later", "not-begun"),
    ]


def test_a_run_that_did_not_come_to_its_end_has_no_answer() -> None:
    stopped = result("stopped", analysis_of("stopped"), Interrupted("interrupted"))
    assert (stopped.answer, stopped.saving) == (None, None)


def test_staying_saves_nothing_whatever_the_traffic() -> None:
    assert result("fine", analysis_of("fine", better=False, month=None)).saving == 0.0


def test_what_is_saved_together_is_that_of_known_traffic() -> None:
    known = [result("large", analysis_of("large", month=1e9)), result("small", analysis_of("small"))]
    both = results_of(*known, result("unknown", analysis_of("unknown", month=None)))
    assert both.saving == pytest.approx(sum(each.saving or 0.0 for each in known))


GOOD = result("good", analysis_of("good"))
DENIED = result("denied", failed=AccessDenied("denied"))
MISSING = result("missing", failed=NotFound("missing"))
UNSURE = result("unsure", failed=Inconclusive("unsure"), begun=False)
STOPPED = result("stopped", failed=Interrupted("stopped"))
STUCK = result("stuck", failed=NotRestored("stuck"))


@pytest.mark.parametrize(
    ("each", "kind"),
    [
        ((GOOD,), None),
        ((GOOD, MISSING), NotFound),
        ((DENIED, MISSING), AccessDenied),
        ((MISSING, DENIED, GOOD), NotFound),
        ((UNSURE, MISSING), Inconclusive),
        ((MISSING, STOPPED), Interrupted),
        ((STOPPED, MISSING, STUCK), NotRestored),
    ],
)
def test_the_error_to_end_with(each: tuple[FunctionResult, ...], kind: type[PowertuneError] | None) -> None:
    failure = results_of(*each).failure
    assert (None if failure is None else type(failure)) == kind
