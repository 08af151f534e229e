"""What is tuned in a run of the autopilot, and that no budget is exceeded."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from fake_forge import FakeState
from proposals import ARN, orders_analysis
from scanned import NOW, busy, known, scanned_function
from scans import function_line, make_test_scan, scan_finding

from powertune.autopilot.due import DueReason
from powertune.autopilot.spending import MonthlyBudget, SpendingRecord
from powertune.aws.identity import ConnectionOptions
from powertune.cli.pilot import check_consent, check_regions
from powertune.cli.pilot_tuning import (
    BudgetedTuning,
    DueRun,
    _settled_afterward,
    allowed,
    check_named,
    due_runs,
    not_due_lines,
)
from powertune.config.autopilot_options import AutopilotOptions
from powertune.engine.autopilot.settling import settled_functions
from powertune.errors import Interrupted, NotFound, NotRestored, Unavailable, UsageError

OPTIONS = AutopilotOptions(functions=("*",), payloads=(("orders", "@event.json"),))


def test_what_is_due_comes_with_what_its_run_is_told() -> None:
    orders, resize, settled = (known(scanned_function(name)) for name in ("orders", "resize", "settled"))
    lines = [function_line(name) for name in ("orders", "resize")]
    scan = make_test_scan(
        scan_finding(line=lines[0], saving=(3.0, 1.0, 4.0)),
        scan_finding(
            "arm64-candidate", lines[1], saving=(9.0, 9.0, 9.0), next_step=f"powertune run {lines[1].arn} --arch both"
        ),
        functions=tuple(lines),
    )
    found = due_runs(scan, [orders, resize, settled], (), OPTIONS, NOW)
    assert [(each.name, each.due.reason, each.due.expected) for each in found] == [
        ("resize", DueReason.NEVER_TUNED, 9.0),
        ("orders", DueReason.NEVER_TUNED, 3.0),
    ]
    # A million invocations in 14 days.
    assert dict(found[0].options) == {"invocations_per_month": "2142857", "arch": "both"}
    assert dict(found[1].options) == {"invocations_per_month": "2142857", "payload": "@event.json"}


def test_what_was_tuned_and_has_changed_is_due_without_a_finding() -> None:
    changed = known(scanned_function("orders", code_sha256="new"))
    before = settled_functions([changed], {ARN: orders_analysis()}, ())
    (found,) = due_runs(make_test_scan(functions=()), [changed], before, OPTIONS, NOW + 30 * 86_400)
    assert (found.due.reason, found.due.expected) == (DueReason.CODE_CHANGED, 0.0)
    assert due_runs(make_test_scan(functions=()), [changed], before, OPTIONS, NOW) == ()


def test_functions_are_named_and_ignored_by_patterns() -> None:
    functions = [known(scanned_function(name)) for name in ("orders-api", "orders-old", "resize")]
    options = AutopilotOptions(functions=("orders-*",), ignore=("*-old",))
    assert [each.name for each in allowed(functions, options)] == ["orders-api"]
    assert allowed(functions, AutopilotOptions()) == ()


def test_whoever_is_named_and_not_due_is_told_why() -> None:
    names = ("orders", "resize", "legacy", "settled", *(f"fn-{number:02}" for number in range(12)))
    every = [known(scanned_function(name)) for name in names]
    every.append(known(scanned_function("idle"), usage=busy(invocations=0)))
    before = settled_functions(every, {ARN: orders_analysis()}, ())
    options = AutopilotOptions(functions=("*",), ignore=("legacy",))
    line = function_line("resize")
    scan = make_test_scan(scan_finding(line=line), functions=(line,))
    due = due_runs(scan, allowed(every, options), before, options, NOW)
    assert [each.name for each in due] == ["resize"]
    fns = ", ".join(f"fn-{number:02} in us-east-1" for number in range(9))
    assert not_due_lines(every, due, before, options, NOW) == (
        "not due: legacy in us-east-1: ignored",
        f"not due: settled in us-east-1, {fns} and 3 others: never tuned, but the scan expects no saving",
        "not due: idle in us-east-1: nobody invoked it",
        "not due: orders in us-east-1: tuned 3 days ago, and left alone for 7 days",
    )
    # Whoever names some is told of these alone.
    only = AutopilotOptions(functions=("idle",))
    assert not_due_lines(every, (), before, only, NOW) == ("not due: idle in us-east-1: nobody invoked it",)


def test_names_that_match_nothing_do_not_go_unnoticed(capsys: pytest.CaptureFixture[str]) -> None:
    every = [known(scanned_function("orders"))]
    with pytest.raises(NotFound, match=r"--functions 'nosuch,other-\*' matches no function that the scan has found"):
        check_named(every, AutopilotOptions(functions=("nosuch", "other-*")))
    check_named(every, AutopilotOptions(functions=("nosuch", "ord*")))
    assert capsys.readouterr().err == "warning: --functions 'nosuch' matches no function that the scan has found\n"
    check_named(every, AutopilotOptions(functions=(ARN,)))
    check_named([], AutopilotOptions(functions=("*",)))
    assert capsys.readouterr().err == ""


class Tuning(BudgetedTuning):
    """Counts what would be tuned; each function is of a name that says what happens."""

    tuned: list[str] = []  # noqa: RUF012 - reset by each test

    def _tune(self, run: DueRun) -> bool:
        Tuning.tuned.append(run.name)
        if run.name.startswith("fails"):
            raise UsageError("it is refused", hint="look")
        if run.name == "interrupted":
            raise Interrupted("interrupted")
        if run.name == "broken":
            raise NotRestored("not restored")
        return not run.name.startswith("left")


def tuning(**changes: object) -> Tuning:
    Tuning.tuned = []
    base = Tuning(
        state=FakeState(), budget=MonthlyBudget(amount=5.0), place=ConnectionOptions(), ask=False, quiet=True
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def run(name: str) -> DueRun:
    function = known(scanned_function(name), usage=busy())
    (due,) = due_runs(
        make_test_scan(scan_finding(line=function_line(name)), functions=(function_line(name),)),
        [function],
        (),
        OPTIONS,
        NOW,
    )
    return due


def test_one_that_fails_ends_no_other_and_takes_nobodys_place(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["fails-a", "one", "left", "two", "three"]
    assert tuning().tune([run(name) for name in names], 2) == ()
    assert Tuning.tuned == ["fails-a", "one", "left", "two"]
    said = capsys.readouterr().err
    assert "fails-a was not tuned: it is refused" in said
    assert "three and what follows wait for the next run (--max-functions)" in said


def test_if_all_fail_the_first_reason_is_told() -> None:
    assert [error.message for error in tuning().tune([run("fails-a"), run("fails-b")], 5)] == ["it is refused"] * 2


@pytest.mark.parametrize(("name", "kind"), [("interrupted", Interrupted), ("broken", NotRestored)])
def test_after_an_interruption_or_a_function_that_is_not_restored_nothing_is_begun(
    name: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        tuning().tune([run(name), run("other")], 5)
    assert Tuning.tuned == [name]


def record(run_id: str, reserved: float, currency: str = "USD") -> SpendingRecord:
    return SpendingRecord(
        run_id=run_id, function_arn=ARN, started_at=time.time(), currency=currency, reserved=reserved
    )


def test_a_run_is_reserved_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    found = tuning()
    assert found._reserved(record("a", 4.0), "orders")
    assert not found._reserved(record("b", 1.01), "orders")
    assert found._reserved(record("c", 1.0), "orders")
    assert not found._reserved(record("d", 0.01, "CNY"), "orders")
    assert found.ledger().spent == 5.0
    said = capsys.readouterr().err
    assert "orders was not tuned: it may cost $1.01, and $1.00 of $5.00 are left this month" in said
    assert "orders was not tuned: the budget is in USD, and its prices are in CNY" in said


class Racing(FakeState):
    """Another autopilot keeps its own record at the moment at which this one does."""

    def keep(self, record: SpendingRecord) -> None:
        super().keep(record)
        self.kept.setdefault("theirs", replace(record, run_id="theirs"))


def test_two_autopilots_at_one_moment_do_not_exceed_the_budget() -> None:
    state = Racing()
    found = tuning(state=state)
    assert not found._reserved(record("ours", 3.0), "orders")
    assert state.kept["ours"].spent == 0.0
    assert found.ledger().spent == 3.0


def unavailable() -> None:
    raise Unavailable("the bucket does not answer", hint="try again later")


@pytest.mark.parametrize("ends", [NotRestored("not restored"), Interrupted("interrupted"), KeyboardInterrupt()])
def test_results_that_cannot_be_kept_hide_nothing_worse(
    ends: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(ends)), _settled_afterward(unavailable):
        raise ends
    assert "what was measured could not be kept: the bucket does not answer" in capsys.readouterr().err


def test_results_that_cannot_be_kept_are_an_error_of_their_own() -> None:
    with pytest.raises(Unavailable), _settled_afterward(unavailable):
        pass


def test_somebody_has_to_name_the_functions_and_to_agree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nobody = AutopilotOptions()
    with pytest.raises(UsageError, match="no functions are named"):
        check_consent(nobody, yes=True, dry_run=False)
    with pytest.raises(UsageError, match="no terminal to ask on"):
        check_consent(OPTIONS, yes=False, dry_run=False)
    assert check_consent(OPTIONS, yes=True, dry_run=False) == OPTIONS
    # Whoever only looks looks at all.
    assert check_consent(nobody, yes=False, dry_run=True).functions == ("*",)


def test_one_option_says_where_to_scan() -> None:
    with pytest.raises(UsageError, match="--region and --regions both say where to scan"):
        check_regions("eu-west-1", "us-east-1")
    check_regions("eu-west-1", None)
    check_regions(None, "us-east-1")
