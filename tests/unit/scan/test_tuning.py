"""An earlier run settles a size or an architecture if it has measured the alternative, of the present code."""

from typing import Any

import pytest
from scanned import DAY_S, NOW, busy, known, memory_use, place_evidence, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import EnvironmentUse, MonthlyCost, Tuned
from powertune.scan.rules import arm64_candidate, memory_oversized, memory_unadvised, waiting_function
from powertune.scan.tuning import has_other_code, settles_architecture, settles_size
from powertune.units import MB_PER_VCPU

ARM, X86 = Architecture.ARM64, Architecture.X86_64
COST = MonthlyCost(compute=120.0, requests=5.0)


def configuration(memory_mb: int, architecture: Architecture = ARM) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


def tuned(*measured: Configuration, **changes: Any) -> Tuned:
    """A run on this code that has measured these, and recommended the first."""
    run = {
        "run_id": "r7",
        "measured_at": NOW - 40 * DAY_S,
        "recommended": measured[0],
        "durations_ms": tuple((each, 100.0) for each in measured),
        "code_sha256": "sha-of-orders",
        **changes,
    }
    return Tuned(**run)


LESS = (configuration(512), configuration(256))


@pytest.mark.parametrize(
    ("run", "settled"),
    [
        (tuned(*LESS), True),
        (tuned(configuration(1024), configuration(2048)), False),
        (tuned(configuration(512, X86)), False),
        (tuned(*LESS, recommended=None), False),
        (tuned(*LESS, code_sha256="another"), False),
        (tuned(*LESS, code_sha256=""), True),
        (tuned(*LESS, code_sha256="", measured_at=NOW - 101 * DAY_S), False),
        (tuned(*LESS, measured_at=NOW - 101 * DAY_S), True),
        (None, False),
    ],
    ids=[
        *("smaller", "not smaller", "other architecture", "nothing recommended", "other code"),
        *("unchanged since", "changed since", "changed, but not the code", "never tuned"),
    ],
)
def test_a_size_is_settled_by_a_run_that_has_tried_a_smaller_one(run: Tuned | None, settled: bool) -> None:
    """The function was changed 100 days ago."""
    assert settles_size(known(tuned=run)) is settled


def test_an_architecture_is_settled_by_a_run_that_has_tried_both() -> None:
    both = (configuration(1024), configuration(1024, X86))
    assert settles_architecture(known(tuned=tuned(*both)))
    assert not settles_architecture(known(tuned=tuned(*LESS)))
    assert not settles_architecture(known(tuned=tuned(*both, code_sha256="another")))


def test_code_is_another_one_only_if_both_are_known() -> None:
    assert has_other_code(known(tuned=tuned(*LESS, code_sha256="another")))
    assert not has_other_code(known(tuned=tuned(*LESS, code_sha256="")))
    assert not has_other_code(known())


@pytest.mark.parametrize(("code_sha256", "reported"), [("sha-of-orders", False), ("another", True)])
def test_rules_do_not_guess_what_is_settled(code_sha256: str, reported: bool) -> None:
    waiting = EnvironmentUse(cpu_ms=0.01 * 100 * 1024 / MB_PER_VCPU)
    run = tuned(*LESS, code_sha256=code_sha256)
    function = known(tuned=run, memory=memory_use(150), environment=waiting, cost=COST)
    assert bool(list(memory_oversized.RULE.check(place_evidence(function)))) is reported

    large = known(scanned_function(memory_mb=3008), tuned=run, memory=memory_use(2500, at_mb=3008), cost=COST)
    assert bool(list(memory_unadvised.RULE.check(place_evidence(large)))) is reported

    run = tuned(configuration(1024, X86), configuration(1024), code_sha256=code_sha256)
    function = known(scanned_function(architecture=X86), tuned=run, cost=COST)
    assert bool(list(arm64_candidate.RULE.check(place_evidence(function)))) is reported


@pytest.mark.parametrize(("code_sha256", "proposed"), [("sha-of-orders", False), ("another", True)])
def test_a_function_that_waits_is_still_reported_without_another_size(code_sha256: str, proposed: bool) -> None:
    long = busy(duration_sum_ms=2_000.0 * 1_000_000, p50_ms=2_000.0, p95_ms=2_100.0)
    function = known(
        usage=long,
        tuned=tuned(*LESS, code_sha256=code_sha256),
        memory=memory_use(150),
        environment=EnvironmentUse(cpu_ms=10.0),
        cost=COST,
    )
    (found,) = waiting_function.RULE.check(place_evidence(function))
    assert (found.saving is not None) is proposed
    assert ("powertune run" in found.next_step) is proposed
