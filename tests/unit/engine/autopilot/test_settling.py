"""A round of decisions: one pull request for each function, which follows the evidence to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fake_forge import FakeCode, FakeForge, FakeState
from proposals import ARN, make_change, orders_analysis, size
from scanned import DAY_S, NOW, known, scanned_function

from powertune.analysis import Analysis
from powertune.autopilot.decisions import Step
from powertune.autopilot.promise import Standing
from powertune.autopilot.pull_request import PullRequestState
from powertune.autopilot.spending import SpendingRecord
from powertune.autopilot.verification import DayOfUse
from powertune.engine.autopilot.settling import Handled, SettledFunction, Settling, settled_functions
from powertune.errors import BranchTaken, ForgeFailed, UsageError
from powertune.model import Architecture, FunctionRef
from powertune.prices import PriceTable
from powertune.report import RUN
from powertune.scan.evidence import PublishedVersion, ScannedFunction

TODAY = NOW // DAY_S * DAY_S


def render(analysis: Analysis, format_: str) -> bytes:
    """As `RUN` does, but for pictures, which take a second each."""
    return b"\x89PNG" if format_ == "png" else RUN.render(analysis, format_)


class World:
    """One function, its code and its pull request, and rounds in it."""

    def __init__(self) -> None:
        self.forge, self.code, self.state = FakeForge(), FakeCode(), FakeState()
        self.after_ms = 105.0
        self.most_open = 5
        self.serving: dict[str, tuple[str, ...]] = {}

    def remember(self, analysis: Analysis) -> None:
        run = analysis.run
        self.state.keep(
            SpendingRecord(
                run_id=run.run_id, function_arn=ARN, started_at=run.started_at, currency="USD", reserved=1.0
            )
        )

    def round(
        self, analysis: Analysis, function: ScannedFunction | None = None, *, only_look: bool = False
    ) -> Handled:
        if analysis.run.run_id not in self.state.kept:
            self.remember(analysis)
        settled = settled_functions([known(function)], {ARN: analysis}, self.state.records())
        (handled,) = self.settling(only_look=only_look).go(settled)
        return handled

    def settling(self, **changes: Any) -> Settling:
        return Settling(
            **{
                "forge": self.forge,
                "code": self.code,
                "state": self.state,
                "use": self,
                "prices": PriceTable.bundled(),
                "now": NOW,
                "labels": ("powertune", "costs"),
                "most_open": self.most_open,
                "render": render,
                **changes,
            }
        )

    def aliases(self, function: FunctionRef) -> Mapping[str, tuple[str, ...]]:
        assert function.name == "orders"
        return {**self.serving, "powertune-512": ("1",)}

    def days(self, function: FunctionRef, start: float, end: float) -> Sequence[DayOfUse]:
        """100 ms until ten days ago, then `after_ms`."""
        assert function.name == "orders"
        moments = range(int(start), int(end), DAY_S)
        means = [(at, 100.0 if at < TODAY - 10 * DAY_S else self.after_ms) for at in moments]
        return [
            DayOfUse(
                began_at=at, invocations=1_000, duration_sum_ms=1_000 * ms * (1 + 0.01 * (at // DAY_S % 3)), p50_ms=ms
            )
            for at, ms in means
        ]


@pytest.fixture
def world() -> World:
    return World()


def test_a_proven_saving_is_proposed_once(world: World) -> None:
    first = world.round(orders_analysis())
    assert (first.decision.step, first.error) == (Step.OPEN, None)
    assert world.code.wanted == [("orders", size(512))]
    (proposal,) = world.forge.proposals
    assert proposal.labels == ("powertune", "costs")
    assert proposal.title.startswith("Set orders to 512 MB, which saves about $")
    assert "### resize" not in proposal.body
    assert "aaaa1111.png?raw=true)" in proposal.body
    assert proposal.report in proposal.body
    assert world.state.kept["aaaa1111"].proposed

    second = world.round(orders_analysis())
    assert (second.decision.step, second.decision.why) == (Step.LEAVE, "#1 is up to date")
    assert len(world.forge.requests) == 1


def test_newer_evidence_updates_it(world: World) -> None:
    world.round(orders_analysis())
    assert world.round(orders_analysis(run_id="bbbb2222")).decision.step is Step.UPDATE
    (request,) = world.forge.requests
    assert request.record is not None
    assert request.record.promise.run_id == "bbbb2222"


def test_it_is_closed_when_the_evidence_no_longer_holds_and_opened_when_it_does_again(world: World) -> None:
    world.round(orders_analysis())
    closed = world.round(orders_analysis(small_ms=300.0, run_id="bbbb2222"))
    assert closed.decision.step is Step.CLOSE
    (request,) = world.forge.requests
    assert request.state is PullRequestState.CLOSED
    assert request.record is not None
    assert request.record.standing is Standing.WITHDRAWN
    assert world.forge.notes == [
        "Closed, because there is nothing to propose any more: the last run recommends to stay at 1024 MB arm64."
    ]
    assert world.round(orders_analysis(run_id="cccc3333")).decision.step is Step.OPEN
    assert [each.state for each in world.forge.requests] == [PullRequestState.CLOSED, PullRequestState.OPEN]


def test_other_code_is_noted_once_until_it_is_measured(world: World) -> None:
    world.round(orders_analysis())
    changed = scanned_function(code_sha256="new")
    for _ in range(2):
        assert world.round(orders_analysis(), changed).decision.step is Step.NOTE
    assert len(world.forge.notes) == 1
    assert "its code has changed since run aaaa1111" in world.forge.notes[0]
    assert world.forge.requests[0].is_open


def test_a_saving_is_not_verified_before_every_alias_leads_to_the_new_size(world: World) -> None:
    world.round(orders_analysis())
    merged_at = TODAY - 10 * DAY_S + 60
    world.forge.end(PullRequestState.MERGED, merged_at)
    arm64 = Architecture.ARM64
    versions = tuple(
        PublishedVersion(
            number=n, memory_mb=mb, architecture=arm64, code_size_bytes=1, code_sha256="", modified_at=at
        )
        for n, mb, at in (("1", 1024, 0.0), ("2", 512, TODAY - 4 * DAY_S + 60), ("3", 512, merged_at))
    )
    deployed = scanned_function(memory_mb=512, modified_at=merged_at, versions=versions)
    world.serving = {"prod": ("3",), "canary": ("3", "1")}
    waiting = world.round(orders_analysis(), deployed)
    assert waiting.decision.why == "cannot be told yet: alias canary leads to version 1, which has 1024 MB arm64"
    assert world.forge.notes == []
    world.serving = {"prod": ("2",)}
    found = world.round(orders_analysis(), deployed)
    assert found.decision.why == "the saving came true: an invocation costs less, as promised"
    # Days before the version was published belong to the size of before.
    assert found.lines[0] == "compared: 14 days before the change, and 3 days after it"


def test_after_the_merge_it_is_verified_once(world: World) -> None:
    world.round(orders_analysis())
    world.forge.end(PullRequestState.MERGED, TODAY - 10 * DAY_S + 60)
    waiting = world.round(orders_analysis())
    assert (waiting.decision.step, waiting.decision.why) == (
        Step.LEAVE,
        "#1 is merged, and 512 MB arm64 is not deployed yet",
    )
    deployed = scanned_function(memory_mb=512, modified_at=TODAY - 10 * DAY_S + 3_600)
    only_looked = world.round(orders_analysis(), deployed, only_look=True)
    assert only_looked.decision.why == "the saving came true: an invocation costs less, as promised"
    assert world.forge.notes == []
    found = world.round(orders_analysis(), deployed)
    assert found.decision.why == "the saving came true: an invocation costs less, as promised"
    assert found.lines[0] == "compared: 14 days before the change, and 9 days after it"
    (note,) = world.forge.notes
    assert note.startswith("**The saving came true**: an invocation costs less, as promised.\n\n- compared:")
    again = world.round(orders_analysis(), deployed)
    assert (again.decision.step, again.decision.why) == (Step.LEAVE, "the saving of #1 came true")
    assert len(world.forge.notes) == 1


def test_what_did_not_come_true_is_said_with_figures(world: World) -> None:
    world.after_ms = 190.0
    world.round(orders_analysis())
    world.forge.end(PullRequestState.MERGED, TODAY - 10 * DAY_S + 60)
    deployed = scanned_function(memory_mb=512, modified_at=TODAY - 10 * DAY_S + 3_600)
    assert world.round(orders_analysis(), deployed).decision.why == (
        "the saving did not come true: an invocation costs more than was promised"
    )
    assert world.forge.notes[0].startswith("**The saving did not come true**")


def test_too_few_days_are_said_and_not_written(world: World) -> None:
    world.round(orders_analysis())
    world.forge.end(PullRequestState.MERGED, TODAY - 2 * DAY_S)
    deployed = scanned_function(memory_mb=512, modified_at=TODAY - 2 * DAY_S)
    assert world.round(orders_analysis(), deployed).decision.why.startswith("cannot be told yet: at least 3 days")
    assert world.forge.notes == []


def test_code_that_says_so_already_needs_no_pull_request(world: World) -> None:
    world.code.found = replace(make_change(), edits=())
    handled = world.round(orders_analysis())
    assert (handled.decision.step, handled.decision.why) == (
        Step.LEAVE,
        "the code already has 512 MB arm64, which is not deployed",
    )
    assert world.forge.requests == []


def test_an_open_one_is_closed_when_somebody_else_has_changed_the_code(world: World) -> None:
    """Its conflicts cannot be resolved: there is nothing left to change."""
    world.round(orders_analysis())
    world.forge.requests[0] = replace(world.forge.requests[0], conflicting=True)
    world.code.found = replace(make_change(), edits=())
    handled = world.round(orders_analysis())
    assert (handled.decision.step, handled.error) == (Step.CLOSE, None)
    assert world.forge.requests[0].state is PullRequestState.CLOSED
    (note,) = world.forge.notes
    assert note.endswith(": the code already has 512 MB arm64, which is not deployed.")


def test_conflicts_are_resolved_on_the_newest_commit(world: World) -> None:
    world.round(orders_analysis())
    world.forge.requests[0] = replace(world.forge.requests[0], conflicting=True)
    assert world.round(orders_analysis()).decision.step is Step.UPDATE
    assert len(world.forge.proposals) == 2


def test_a_place_that_is_not_found_is_an_error_of_that_function(world: World) -> None:
    world.code.found = UsageError("no resource for orders", hint="name it")
    handled = world.round(orders_analysis())
    assert handled.error is world.code.found
    assert world.forge.requests == []


def test_a_branch_of_somebody_else_is_left_alone_and_that_is_said_once(world: World) -> None:
    world.round(orders_analysis())
    world.forge.failing = BranchTaken("the branch holds commits", hint="delete it")
    for _ in range(2):
        handled = world.round(orders_analysis(run_id="bbbb2222"))
        assert (handled.decision.step, handled.error) == (Step.LEAVE, None)
    assert len(world.forge.notes) == 1
    assert "holds commits that powertune has not made" in world.forge.notes[0]


def test_no_more_are_open_than_is_allowed(world: World) -> None:
    world.most_open = 1
    names = ("orders", "resize")
    arns = {name: ARN.replace("orders", name) for name in names}
    functions = [scanned_function(name, code_sha256="sha-of-orders") for name in names]
    analyses = {arn: named(arn) for arn in arns.values()}
    settled = settled_functions([known(each) for each in functions], analyses, ())
    handled = world.settling().go(settled)
    assert [each.decision.step for each in handled] == [Step.OPEN, Step.LEAVE]
    assert handled[1].decision.why == ("run aaaa1111 promises a saving; open already: 1 proposal (--max-open)")
    assert len(world.forge.requests) == 1


def named(arn: str) -> Analysis:
    analysis = orders_analysis()
    function = replace(analysis.run.function, arn=arn, name=arn.rpartition(":")[2])
    return orders_analysis(function=function)


def test_a_failure_of_one_function_ends_no_other(world: World) -> None:
    world.forge.failing = ForgeFailed("gh pr: no", hint="look")
    arns = [ARN, ARN.replace("orders", "resize")]
    functions = [known(scanned_function(arn.rpartition(":")[2], code_sha256="sha-of-orders")) for arn in arns]
    handled = world.settling().go(settled_functions(functions, {arn: named(arn) for arn in arns}, ()))
    assert [each.error for each in handled] == [world.forge.failing] * 2


def test_only_looking_changes_nothing(world: World) -> None:
    handled = world.round(orders_analysis(), only_look=True)
    assert handled.decision.step is Step.OPEN
    assert (world.forge.requests, world.code.wanted) == ([], [])
    assert not world.state.kept["aaaa1111"].proposed


def test_the_forge_is_not_asked_about_functions_that_never_had_a_proposal(world: World) -> None:
    world.round(orders_analysis(small_ms=300.0))
    assert world.forge.asked == []


def test_an_open_pull_request_is_found_although_the_state_was_lost(world: World) -> None:
    world.round(orders_analysis())
    world.state.kept.clear()
    assert world.round(orders_analysis(small_ms=300.0, run_id="bbbb2222")).decision.step is Step.CLOSE


def test_what_is_known_of_a_run_is_joined_with_its_record() -> None:
    analysis = orders_analysis()
    record = SpendingRecord(
        run_id="aaaa1111", function_arn=ARN, started_at=1.0, currency="USD", reserved=1.0, production_p50_ms=95.0
    )
    older = replace(record, run_id="older", proposed=True)
    (found,) = settled_functions([known(), known(scanned_function("other"))], {ARN: analysis}, (older, record))
    assert isinstance(found, SettledFunction)
    assert found.before.production_p50_ms == 95.0
    assert [each.configuration for each in found.before.medians] == [size(512), size(1024)]
    assert found.before.medians[1].p50_ms == pytest.approx(100.0)
    assert 0 < found.before.medians[1].noise < 0.1
    # An earlier run had a pull request, which may still be there.
    assert found.record is not None
    assert found.record.proposed


def test_the_change_is_what_the_code_says(world: World) -> None:
    world.code.found = replace(make_change(), notes=("MemorySize is a parameter",))
    world.round(orders_analysis())
    assert "- MemorySize is a parameter" in world.forge.proposals[0].body
