"""Payloads are strata: their difference is no error of the mean, and their shares are those of the traffic."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from factories import make_configuration, make_invocation, make_measurement, make_prices, make_run

from powertune.analysis import Analysis, Profile, ProfileStatus, analyze
from powertune.analysis.comparison import interval_of, log_mean
from powertune.analysis.environments import Environments
from powertune.analysis.strata import Strata
from powertune.model import Goal, Invocation, PayloadShare, Status, TuningRun

#: Of 20 events, 18 take 10 ms and two take 300 ms: 39 ms on average.
WEIGHTS = {0: 18.0, 1: 2.0}
TRUE_MS = {0: 10.0, 1: 300.0}
MEAN_MS = 39.0


def sent(payload: int, duration_ms: float, environment: str = "a", **more: Any) -> Invocation:
    return make_invocation(duration_ms=duration_ms, payload=payload, environment=environment, **more)


def traffic(environments: str, *, noise: float) -> list[Invocation]:
    """All events once in each environment, with a coefficient of variation."""
    generator = np.random.default_rng(1)
    return [
        sent(payload, TRUE_MS[payload] * generator.normal(1, noise), environment)
        for environment in environments
        for payload in [0] * 18 + [1] * 2
    ]


def weighted(run: TuningRun) -> TuningRun:
    shares = tuple(PayloadShare(sha256=str(each), weight=weight) for each, weight in WEIGHTS.items())
    return replace(run, design=replace(run.design, payloads=shares))


def analyzed(*invocations: Invocation) -> Analysis:
    named = sorted({each.environment or "" for each in invocations})
    cold = [make_invocation(init_ms=50.0, environment=name) for name in named]
    measurement = make_measurement(cold=0, others=[*cold, *invocations])
    return analyze(weighted(make_run(measurements=[measurement])), make_prices(), Goal())


def profile(*invocations: Invocation) -> Profile:
    return analyzed(*invocations).profiles[0]


def test_the_difference_between_payloads_is_no_error_of_the_mean() -> None:
    analysis = analyzed(*traffic("abcdefghij", noise=0.02))
    duration = analysis.profiles[0].duration
    assert duration is not None
    assert duration.interval is not None
    assert duration.mean == pytest.approx(MEAN_MS, rel=0.02)
    assert duration.interval[1] - duration.interval[0] < 0.1 * MEAN_MS
    assert not {each.code for each in analysis.advisories} & {"too-few-samples", "noisy", "outliers"}


def test_payloads_weigh_what_they_weigh_in_the_traffic_and_not_in_the_sample() -> None:
    # Of twelve warm invocations, half are of the payload that is one in ten.
    found = profile(*(sent(payload, TRUE_MS[payload]) for payload in [0, 1] * 6))
    assert found.duration is not None
    assert found.duration.mean == pytest.approx(MEAN_MS)
    assert found.duration.sample_mean == pytest.approx(155.0)
    assert found.billed_ms_mean == pytest.approx(MEAN_MS)


def test_the_interval_holds_the_mean_of_the_traffic_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    payloads = np.array(([0] * 9 + [1]) * 8)
    served = np.repeat(np.arange(8), 10)
    held, cases = 0, 600
    for _ in range(cases):
        factors = generator.normal(1, 0.05, 8)[served] * generator.normal(1, 0.08, 80)
        values = np.where(payloads == 0, TRUE_MS[0], TRUE_MS[1]) * factors
        environments = Environments.known(served.tolist())
        contributions = Strata.of(payloads, WEIGHTS).contributions(values, environments)
        low, high = interval_of(log_mean(contributions, environments)) or (math.nan, math.nan)
        held += low <= MEAN_MS <= high
    assert held / cases >= 0.94


def test_a_payload_whose_scatter_is_not_seen_leaves_the_whole_scatter() -> None:
    values = np.array([10.0] * 9 + [300.0])
    strata = Strata.of([0] * 9 + [1], WEIGHTS)
    found = strata.contributions(values, Environments.known(["a", "b"] * 5))
    assert found.mean() == pytest.approx(MEAN_MS)
    assert found.std() == pytest.approx(values.std())


def test_without_weights_or_with_one_payload_values_stay_what_they_are() -> None:
    values = np.array([1.0, 2.0, 4.0])
    environments = Environments.known(["a", "a", "b"])
    assert Strata.of([0, 0, 0], {}).contributions(values, environments) is values
    assert Strata.of([0, 0, 0], {0: 5.0}).contributions(values, environments) is values


def test_a_size_at_which_one_payload_only_fails_does_not_work() -> None:
    fails = [sent(1, 300.0, status=Status.ERROR, error_type="KeyError") for _ in range(2)]
    found = profile(*(sent(0, 10.0) for _ in range(18)), *fails)
    assert found.status is ProfileStatus.INFEASIBLE
    assert found.reason == "failed in all 2 invocations of payload 2 (KeyError)"


def test_a_size_without_a_report_of_one_payload_has_no_mean() -> None:
    found = profile(*(sent(0, 10.0) for _ in range(18)))
    assert found.status is ProfileStatus.UNMEASURED
    assert found.reason == "no warm invocation with a report of payload 2"
    failure = analyzed(*(sent(0, 10.0) for _ in range(18))).failure
    assert failure is not None
    assert failure.message == (
        "no size has two warm invocations with a report, and one of each payload, so nothing can be compared"
    )


def test_one_failure_of_a_payload_that_was_sent_once_is_not_a_size_that_fails() -> None:
    fails = sent(1, 300.0, status=Status.ERROR, error_type="ConnectionError")
    found = profile(*(sent(0, 10.0) for _ in range(19)), fails)
    assert found.status is ProfileStatus.UNMEASURED
    assert found.reason == "no warm invocation with a report of payload 2"


def test_outliers_and_noise_are_those_within_payloads() -> None:
    found = analyzed(*traffic("ab", noise=0.2))
    assert found.profiles[0].duration is not None
    assert found.profiles[0].duration.outliers <= 2
    # Payloads that differ by a factor of thirty are not noise; 20 % within them is below the limit.
    assert "noisy" not in {each.code for each in found.advisories}


def test_a_payload_that_has_lost_most_of_its_values_widens_the_interval() -> None:
    values = np.array([10.0, 10.1, 9.9] * 6 + [10.0, 300.0])
    strata = Strata.of([0] * 19 + [1], {0: 1.0, 1: 1.0})
    found = strata.contributions(values, Environments.known(["a", "b"] * 10))
    assert found.mean() == pytest.approx(155.0, rel=0.01)
    # Half of the traffic is known from one value of 20.
    assert found.std() == pytest.approx(10 * values.std())


def test_a_payload_that_fails_now_and_then_is_measured() -> None:
    fails = sent(1, 300.0, status=Status.ERROR, error_type="KeyError")
    found = profile(*(sent(0, 10.0) for _ in range(18)), fails, sent(1, 300.0), sent(1, 300.0))
    assert found.status is ProfileStatus.OK
    assert make_configuration(512) == found.configuration
