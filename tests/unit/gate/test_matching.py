"""What is compared with what, and what is refused with both values."""

from dataclasses import replace
from typing import Any

import pytest
from factories import make_configuration, make_invocation
from gates import SIZE, empty, gated, judged, with_function, with_payload

from powertune.errors import FunctionFailed, UsageError
from powertune.gate.matching import check_distinct, match_cases
from powertune.gate.model import GatedRun, GateVerdict
from powertune.model import Architecture, Invocations, Measurement, Status

BASELINE = gated(seed=2, label="main")


def holding(run: GatedRun, *invocations: Any, unmeasured: str | None = None) -> GatedRun:
    measurement = Measurement(configuration=SIZE, invocations=Invocations.of(invocations), unmeasured=unmeasured)
    return replace(run, run=replace(run.run, measurements=(measurement,)))


def test_every_configuration_of_a_candidate_is_a_case() -> None:
    sizes = (SIZE, make_configuration(1024))
    candidate, baseline = gated(sizes=sizes), gated(sizes=(*sizes, make_configuration(2048)), seed=2)
    cases = match_cases([candidate], [baseline], side_by_side=True)
    assert [case.configuration for case in cases] == list(sizes)
    assert all(case.baseline is baseline and case.side_by_side for case in cases)


def test_without_baselines_there_are_only_candidates() -> None:
    (case,) = match_cases([gated()], side_by_side=True)
    assert case.baseline is None
    assert not case.side_by_side


def test_each_candidate_has_the_baseline_of_its_function() -> None:
    candidates = [gated(name=name) for name in ("orders", "payments")]
    baselines = [gated(name=name, seed=2) for name in ("payments", "orders")]
    cases = match_cases(candidates, baselines)
    assert [case.baseline for case in cases] == [baselines[1], baselines[0]]


def test_two_candidates_about_the_same_are_one_too_many() -> None:
    elsewhere = with_function(gated(), arn="arn:aws:lambda:eu-west-1:123456789012:function:orders")
    check_distinct([gated(), elsewhere, with_payload(gated(label="other events"), "b")])
    check_distinct([gated(), gated(sizes=(make_configuration(1024),), label="larger")])
    with pytest.raises(UsageError, match=r"candidate and b\.json are both of orders at 512 MB") as caught:
        check_distinct([gated(), gated(label="b.json")])
    assert "--baseline" in str(caught.value.hint)


def test_another_function_is_compared_only_if_that_is_asked_for() -> None:
    other = gated(name="orders-main", seed=2, label="main")
    with pytest.raises(UsageError, match="of function orders, and the baseline of orders-main"):
        match_cases([gated()], [other])
    (case,) = match_cases([gated()], [other], allow_other_function=True)
    assert case.baseline is other


def test_two_baselines_of_a_function_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="main and older are all baselines of orders"):
        match_cases([gated()], [BASELINE, replace(BASELINE, label="older")])


@pytest.mark.parametrize(
    ("candidate", "baseline", "words"),
    [
        (
            gated(),
            with_function(BASELINE, region="eu-west-1"),
            "region us-east-1, and the baseline main of eu-west-1",
        ),
        (
            gated(),
            gated(seed=2, label="main", sizes=(make_configuration(1024),)),
            "at 512 MB x86_64, and the baseline main is of another memory size: 1024 MB x86_64",
        ),
        (
            gated(),
            gated(seed=2, label="main", sizes=(make_configuration(512, Architecture.ARM64),)),
            "at 512 MB x86_64, and the baseline main is of another architecture: 512 MB arm64",
        ),
        (
            with_payload(gated(), "a"),
            with_payload(BASELINE, "b"),
            "payload aaaaaaaaaaaa, and the baseline main of bbbbbbbbbbbb",
        ),
        (with_payload(gated(), "a"), BASELINE, "payload aaaaaaaaaaaa, and the baseline main of unknown"),
        (
            gated(),
            with_function(BASELINE, platform="cgroup v2"),
            r"platform AWS, and the baseline main of the embedded AWS \(cgroup v2\)",
        ),
        (gated(), empty(BASELINE), "the baseline main holds no measurement"),
        (
            gated(),
            holding(BASELINE, make_invocation(init_ms=1.0), make_invocation()),
            "the baseline main at 512 MB x86_64: has 1 warm invocation with a report, and a gate takes 2",
        ),
        (
            holding(gated(), make_invocation(init_ms=1.0), make_invocation()),
            BASELINE,
            "the candidate candidate at 512 MB x86_64: has 1 warm invocation",
        ),
        (holding(gated(), unmeasured="not allowed"), BASELINE, "512 MB x86_64: not allowed, and a gate takes 2"),
        (empty(gated()), BASELINE, "the candidate candidate holds no measurement"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_both_values(
    candidate: GatedRun, baseline: GatedRun, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        match_cases([candidate], [baseline])
    assert caught.value.hint


def test_cold_starts_alone_are_not_compared_with_warm_invocations() -> None:
    cold = replace(BASELINE, run=replace(BASELINE.run, design=replace(BASELINE.run.design, only_cold_starts=True)))
    with pytest.raises(UsageError, match="population warm invocations, and the baseline main of cold starts alone"):
        match_cases([gated()], [cold])


def test_a_candidate_that_failed_at_every_size_is_a_failure_of_the_function() -> None:
    failing = holding(gated(), *[make_invocation(status=Status.TIMEOUT)] * 3)
    with pytest.raises(FunctionFailed, match=r"failed at every size \(512 MB x86_64: timed out in 3 of 3"):
        match_cases([failing])


def test_beside_a_baseline_that_works_such_a_candidate_fails_its_gate() -> None:
    failing = holding(gated(), *[make_invocation(status=Status.TIMEOUT)] * 3)
    started = holding(BASELINE, make_invocation(init_ms=1.0))
    for baseline in (BASELINE, started):
        judgement = judged(*match_cases([failing], [baseline]))
        assert judgement.verdict is GateVerdict.FAILED
        assert judgement.checks[0].reason.endswith("; it timed out in 3 of 3 invocations")
    with pytest.raises(UsageError, match="the baseline main at 512 MB"):
        match_cases([failing], [holding(BASELINE, *[make_invocation(status=Status.TIMEOUT)] * 3)])


def test_a_candidate_that_never_succeeds_fails_however_few_invocations_show_it() -> None:
    failing = holding(gated(), make_invocation(status=Status.TIMEOUT))
    flaky = holding(BASELINE, *[make_invocation(status=status) for status in (Status.ERROR, Status.OK, Status.OK)])
    assert judged(*match_cases([failing], [flaky])).verdict is GateVerdict.FAILED


def test_a_candidate_that_failed_now_and_then_is_left_to_the_checks() -> None:
    (case,) = match_cases([gated(failed=3)], [BASELINE])
    assert case.baseline is BASELINE


def test_the_same_payloads_in_another_order_are_the_same() -> None:
    from powertune.model import PayloadShare

    def shares(run: GatedRun, *weights: tuple[str, float]) -> GatedRun:
        payloads = tuple(PayloadShare(sha256=digest * 64, weight=weight) for digest, weight in weights)
        return replace(run, run=replace(run.run, design=replace(run.run.design, payloads=payloads)))

    one, other = shares(gated(), ("a", 1.0), ("b", 3.0)), shares(BASELINE, ("b", 6.0), ("a", 2.0))
    assert match_cases([one], [other])
    with pytest.raises(UsageError, match=r"aaaaaaaaaaaa \(0.25\), bbbbbbbbbbbb \(0.75\)"):
        match_cases([one], [shares(BASELINE, ("a", 1.0), ("b", 1.0))])
