"""A gate that measures what it judges, against the fake Lambda: look after look, until it is decided or may not."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, answer, report_text
from live_gates import PAIR, PRICES, FakeAccess, Kept, live, make_fake, plan
from runs import READING

from powertune.config import RunOptions
from powertune.engine.gate_effort import effort_of
from powertune.engine.gate_plan import LivePair
from powertune.engine.gating import GateTerms, JudgedGate, judge_live
from powertune.errors import Changed, FunctionFailed, Inconclusive, UsageError
from powertune.gate.budgets import parse_budget
from powertune.gate.model import GatedRun, GateVerdict
from powertune.gate.result import GateEffort
from powertune.gate.rules import Rules
from powertune.gate.sequence import GateLimits


def gate(
    fake: FakeLambda,
    pairs: Sequence[LivePair] = (PAIR,),
    *,
    observer: Kept | None = None,
    stored: Mapping[str, GatedRun] | None = None,
    budgets: tuple[str, ...] = (),
    max_invocations: int = 1000,
    **options: Any,
) -> JudgedGate:
    asked = {"concurrency": 200, **options}
    terms = GateTerms(
        rules=Rules(budgets=tuple(map(parse_budget, budgets))),
        limits=GateLimits(max_invocations=max_invocations, max_spend=options.get("max_spend")),
        prices=PRICES,
        stored=stored or {},
    )
    return judge_live(
        FakeAccess(fake),
        plan(fake, pairs, **asked),
        RunOptions(**asked),
        terms,
        observer or Kept(),
        clock=FakeClock(),
        sleep=lambda seconds: None,
    )


def effort(judged: JudgedGate) -> GateEffort:
    return effort_of(judged.cases, PRICES, measured=judged.measured)


def test_the_same_code_passes_and_nothing_is_changed() -> None:
    fake = make_fake(100, 100)
    before = fake.snapshot("fn")
    judged = gate(fake)
    assert judged.judgement.verdict is GateVerdict.PASSED
    assert fake.snapshot("fn") == before
    assert {name for name in fake.calls if not name.startswith(READING)} == set()
    (case,) = judged.cases
    assert case.side_by_side
    assert case.baseline is not None
    assert (case.candidate.label, case.baseline.label) == ("fn:candidate (version 2)", "fn:prod (version 1)")
    assert case.candidate.package_bytes == 1_000_000


def test_slower_code_fails_and_both_runs_are_handed_over() -> None:
    observer = Kept()
    judged = gate(make_fake(100, 130), observer=observer)
    assert judged.judgement.verdict is GateVerdict.FAILED
    (duration,) = [check for check in judged.judgement.checks if check.metric == "duration"]
    assert duration.ratio is not None
    assert 1.25 < duration.ratio.value < 1.35
    assert sorted(observer.runs) == ["baseline 0", "candidate 0"]
    assert len({run.run_id for run in observer.runs.values()}) == 2


def test_what_is_open_takes_more_samples_until_the_limit_says_stop() -> None:
    # The tolerance is 5 %: a change of just that much stays open however many samples there are.
    fake = make_fake(100, 105, noise=0.1)
    judged = gate(fake, max_invocations=700)
    assert judged.judgement.verdict is GateVerdict.INCONCLUSIVE
    assert judged.judgement.look.is_last
    assert "max-invocations" in str(judged.stopped)
    assert 500 < effort(judged).invocations <= 1400
    assert effort(judged).invocations == len(fake.executed)


def test_the_budget_ends_a_gate_that_is_open() -> None:
    fake = make_fake(100, 105, noise=0.1)
    judged = gate(fake, max_spend=0.0006)
    assert judged.judgement.verdict is GateVerdict.INCONCLUSIVE
    assert judged.stopped is not None
    cost = effort(judged).cost
    assert cost is not None
    assert cost <= 0.0006


def test_a_budget_that_ends_a_round_is_told_in_words() -> None:
    side = plan(make_fake(100, 100)).sides[0].plan
    judged = gate(make_fake(100, 105, noise=0.1), max_spend=1.6 * side.worst_cost(side.function.current))
    assert judged.judgement.verdict is GateVerdict.INCONCLUSIVE
    assert judged.stopped == "the next invocation might exceed max-spend"


def test_a_budget_that_pays_for_next_to_nothing_is_named() -> None:
    side = plan(make_fake(100, 100)).sides[0].plan
    with pytest.raises(Inconclusive, match="--max-spend ended the gate before") as caught:
        gate(make_fake(100, 100), max_spend=1.001 * side.worst_cost(side.function.current))
    assert "raise --max-spend" in str(caught.value.hint)


def test_a_machine_that_is_too_busy_is_named() -> None:
    fake = make_fake(100, 100)
    usual = fake.answer

    def disturbed(call: dict[str, Any]) -> dict[str, Any] | None:
        answered = usual(call)
        assert answered is not None
        answered["ResponseMetadata"]["HTTPHeaders"] = {"x-powertune-waited-ms": "50"}
        return answered

    fake.answer = disturbed
    with pytest.raises(Inconclusive, match=r"other programs on this machine disturbed \d+ of \d+ invocations of fn"):
        gate(fake, max_invocations=100)


def test_an_account_with_little_concurrency_gets_its_samples_from_fewer_environments() -> None:
    fake = make_fake(100, 130)
    fake.concurrency = 12
    judged = gate(fake)
    assert judged.judgement.verdict is GateVerdict.FAILED
    for side in (judged.cases[0].candidate, judged.cases[0].baseline):
        assert side is not None
        assert side.run.design.lanes == 3


def test_a_candidate_alone_is_judged_by_budgets() -> None:
    alone = LivePair(candidate=live("fn:candidate"))
    assert gate(make_fake(100, 100), [alone], budgets=("avg<120ms",)).judgement.verdict is GateVerdict.PASSED
    assert gate(make_fake(100, 140), [alone], budgets=("avg<120ms",)).judgement.verdict is GateVerdict.FAILED


def test_a_candidate_is_compared_with_a_baseline_that_was_stored() -> None:
    kept = Kept()
    gate(make_fake(100, 100), observer=kept)
    stored = GatedRun(run=kept.runs["baseline 0"], label="main@1a2b3c4")
    judged = gate(make_fake(100, 150), [LivePair(candidate=live("fn:candidate"))], stored={"candidate 0": stored})
    assert judged.judgement.verdict is GateVerdict.FAILED
    assert not judged.cases[0].side_by_side


def test_two_functions_are_one_gate() -> None:
    fake = make_fake(100, 100)
    fake.functions["gn"] = fake.functions["fn"]
    other = LivePair(candidate=live("gn:candidate"), baseline=live("fn:prod"))
    judged = gate(fake, [PAIR, other])
    assert len(judged.cases) == 2


def test_different_sizes_are_refused_before_anything_is_invoked() -> None:
    fake = make_fake(100, 100)
    fake.functions["fn"].versions["2"]["MemorySize"] = 1024
    with pytest.raises(UsageError, match=r"has 1024 MB x86_64, and the baseline .* has 512 MB x86_64"):
        plan(fake)
    assert fake.executed == []


def test_who_deploys_to_latest_meanwhile_spoils_the_result_and_what_was_measured_is_kept() -> None:
    fake = make_fake(100, 100)
    pair = LivePair(candidate=live("fn"), baseline=live("fn:prod"))

    def deploy(rounds: int) -> None:
        fake.functions["fn"].configuration.update(CodeSha256="new", RevisionId="new")

    observer = Kept(deploy)
    with pytest.raises(Changed, match=r"\$LATEST of fn has new code"):
        gate(fake, [pair], observer=observer)
    assert {run.stopped for run in observer.runs.values()} == {"interrupted"}
    assert all(run.measurements for run in observer.runs.values())


def failing(fake: FakeLambda, *versions: str, kind: str = "KeyError") -> FakeLambda:
    """All invocations of these versions fail."""
    usual = fake.answer
    assert usual is not None

    def respond(call: dict[str, Any]) -> dict[str, Any] | None:
        version = call["configuration"]["Version"]
        if version not in versions:
            return usual(call)
        text = report_text(call["request_id"], duration=1.0, billed=1, memory=512)
        body = f'{{"errorType": "{kind}", "errorMessage": "no rounds"}}'.encode()
        return answer(call["request_id"], text, payload=body, error="Unhandled", version=version)

    fake.answer = respond
    return fake


@pytest.mark.parametrize("kind", ["KeyError", "Runtime.ImportModuleError", "OutOfLuck"])
@pytest.mark.parametrize("budgets", [(), ("p(95)<300ms", "max_memory<80%")])
def test_a_candidate_that_fails_where_its_baseline_works_fails_the_gate(kind: str, budgets: tuple[str, ...]) -> None:
    judged = gate(failing(make_fake(100, 100), "2", kind=kind), budgets=budgets)
    assert judged.judgement.verdict is GateVerdict.FAILED
    (check,) = judged.judgement.checks
    assert (check.metric, check.verdict) == ("errors", GateVerdict.FAILED)
    assert kind in check.reason
    assert "never succeeded" in judged.judgement.notes[-1]
    assert effort(judged).invocations > 0
    assert judged.stopped is None


def test_a_candidate_that_fails_where_its_stored_baseline_works_fails_the_gate() -> None:
    kept = Kept()
    gate(make_fake(100, 100), observer=kept)
    stored = GatedRun(run=kept.runs["baseline 0"], label="main@1a2b3c4")
    judged = gate(
        failing(make_fake(100, 100), "2"),
        [LivePair(candidate=live("fn:candidate"))],
        stored={"candidate 0": stored},
    )
    assert judged.judgement.verdict is GateVerdict.FAILED


@pytest.mark.parametrize(("versions", "role"), [("12", "baseline"), ("1", "baseline"), ("2", "candidate")])
def test_what_cannot_be_judged_is_named_with_what_the_function_says(versions: str, role: str) -> None:
    fake = failing(make_fake(100, 100), *versions)
    pairs = [PAIR] if role == "baseline" else [LivePair(candidate=live("fn:candidate"))]
    with pytest.raises(FunctionFailed, match=f"the {role} fn.* failed in .*KeyError: no rounds") as caught:
        gate(fake, pairs, budgets=("avg<120ms",))
    assert ("budgets only" in str(caught.value.hint)) == (role == "baseline")


def test_without_any_report_it_says_why() -> None:
    fake = make_fake(100, 100)
    fake.answer = lambda call: answer(call["request_id"], None, version="1")
    with pytest.raises(Inconclusive, match="REPORT") as caught:
        gate(fake)
    assert caught.value.hint


def test_an_interruption_hands_over_what_was_measured() -> None:
    def interrupt(rounds: int) -> None:
        if rounds == 3:
            raise KeyboardInterrupt

    observer = Kept(interrupt)
    with pytest.raises(KeyboardInterrupt):
        gate(make_fake(100, 100), observer=observer)
    assert observer.rounds == 4
    assert {run.stopped for run in observer.runs.values()} == {"interrupted"}


def test_labels_can_be_given() -> None:
    pair = LivePair(candidate=live("fn:2", "HEAD@1a2b3c4-dirty"), baseline=live("fn:1", "main@5d6e7f8"))
    made = plan(make_fake(100, 100), [pair])
    assert [side.label for side in made.sides] == ["main@5d6e7f8", "HEAD@1a2b3c4-dirty"]
    assert [side.label for side in plan(make_fake(1, 1), [LivePair(candidate=live("fn"))]).sides] == ["fn"]
    assert [side.label for side in plan(make_fake(1, 1), [LivePair(candidate=live("fn:2"))]).sides] == ["fn:2"]
