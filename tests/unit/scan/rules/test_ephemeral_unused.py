"""Ephemeral storage beyond what is free: what of it is not needed, where that is known, and all of it at most."""

from typing import Any

import pytest
from scanned import known, place_evidence, scanned_function

from powertune.scan.evidence import Compute, EnvironmentUse, FunctionEvidence, MonthlyCost
from powertune.scan.finding import Confidence, MonthlySaving
from powertune.scan.rules.ephemeral_unused import RULE


def stored(used_mb: float | None = None, **changes: Any) -> FunctionEvidence:
    cost = changes.pop("cost", MonthlyCost(compute=1.0, requests=1.0, ephemeral_storage=16.0))
    function = scanned_function(**{"ephemeral_storage_mb": 4608, **changes})
    return known(function, cost=cost, environment=EnvironmentUse(tmp_used_mb=used_mb))


@pytest.mark.parametrize(
    ("used_mb", "needed_mb", "saving"),
    [
        # Of the 4,096 MB that are charged, all; and with 2,000 MB and 20 % of headroom, 2,208.
        (100.0, 512, 16.0),
        (2_000.0, 2_400, 16.0 * 2_208 / 4_096),
    ],
)
def test_what_is_not_needed_is_saved(used_mb: float, needed_mb: int, saving: float) -> None:
    (found,) = RULE.check(place_evidence(stored(used_mb)))
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(saving, abs=1e-9)
    assert found.saving == MonthlySaving.exactly(found.saving.expected)
    assert found.confidence is Confidence.MEDIUM
    assert found.summary == f"it has 4,608 MB of ephemeral storage, and {needed_mb:,} MB are enough"
    assert found.next_step == (
        f"aws lambda update-function-configuration --function-name {found.subject}"
        f" --ephemeral-storage Size={needed_mb} --region us-east-1"
    )


@pytest.mark.parametrize("function", [stored(), known(stored().function, cost=stored().cost)])
def test_unknown_use_saves_nothing_or_up_to_all(function: FunctionEvidence) -> None:
    (found,) = RULE.check(place_evidence(function))
    assert found.saving == MonthlySaving(expected=0.0, low=0.0, high=16.0)
    assert found.confidence is Confidence.LOW
    assert found.summary.endswith("how much of it is used is not known")


def test_without_prices_no_money_is_stated() -> None:
    for function in (stored(cost=None), stored(100.0, cost=None)):
        (found,) = RULE.check(place_evidence(function))
        assert found.saving is None


@pytest.mark.parametrize(
    "other",
    [
        stored(ephemeral_storage_mb=512),
        stored(3_840.0),
        stored(cost=MonthlyCost(compute=0.0, requests=0.0)),
        stored(compute=Compute.MANAGED_INSTANCES),
    ],
    ids=["free", "used", "never invoked", "instances"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
