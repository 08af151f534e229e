import json
import math
import struct
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import hostile_analysis, make_analysis, make_invocation, make_measurement, make_prices, recorded
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis import Analysis, ProfileStatus, analyze
from powertune.model import Design, Goal, GridDesign, Status, Strategy
from powertune.report.execution_output import Asked, execution_output, trimmed_mean
from powertune.report.visualizer import visualizer_url

PRICES = make_prices()
STATS = Asked(include_output_results=True)


def output(analysis: Analysis, asked: Asked = STATS, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(execution_output(analysis, PRICES, asked, **more), allow_nan=False))
    return found


def three_sizes() -> Analysis:
    return make_analysis(
        *(
            make_measurement(memory_mb=size, durations=[64_000 / size, 64_500 / size, 65_000 / size] * 4)
            for size in (128, 256, 512)
        ),
        make_measurement(memory_mb=1024, others=[make_invocation(status=Status.TIMEOUT)] * 2),
        goal=Goal(strategy=Strategy.COST),
    )


def drawn(url: str) -> list[tuple[int, float, float]]:
    sizes, durations, costs = url.split("#")[1].split(";")
    data = [b64decode(part, validate=True) for part in (sizes, durations, costs)]
    count = len(data[0]) // 2
    columns = (struct.unpack(f"<{count}{letter}", part) for letter, part in zip("hff", data, strict=True))
    return list(zip(*columns, strict=True))


def test_the_fields_of_the_peer_are_those_of_the_analysis() -> None:
    analysis = three_sizes()
    found = output(analysis, results_uri="s3://bucket/run.json", execution_cost=0.0006)
    assert analysis.recommendation is not None
    profile = analysis.profile(analysis.recommendation.configuration)
    assert profile is not None
    assert profile.cost is not None
    assert profile.duration is not None
    assert found["power"] == profile.configuration.memory_mb
    assert isinstance(found["power"], int)
    assert found["cost"] == pytest.approx(profile.cost.mean, rel=1e-9)
    assert found["duration"] == pytest.approx(profile.duration.mean, rel=1e-9)
    assert found["stateMachine"]["executionCost"] == 0.0006
    assert found["stateMachine"]["lambdaCost"] == pytest.approx(analysis.spent)
    assert [stat["value"] for stat in found["stats"]] == [128, 256, 512]
    assert {*found["stats"][0]} == {"value", "averagePrice", "averageDuration"}
    assert found["results"] == "s3://bucket/run.json"


def test_our_own_fields() -> None:
    analysis = three_sizes()
    found = output(analysis)
    assert (found["architecture"], found["currency"], found["strategy"]) == ("x86_64", "USD", "cost")
    assert (found["region"], found["function"]) == ("us-east-1", analysis.function.arn)
    assert found["outcome"] == "recommended"
    assert found["recommendation"]["costRatio"]["interval"]
    assert found["samples"][0] == {
        "value": 128, "architecture": "x86_64", "warm": 12, "cold": 1, "setAside": 0, "failed": 0, "missing": 0
    }  # fmt: skip
    [failed] = found["failedSizes"]
    assert (failed["value"], failed["status"]) == (1024, "infeasible")
    assert "timed out" in failed["reason"]


def test_results_are_there_only_if_they_were_asked_for() -> None:
    assert "stats" not in output(three_sizes(), Asked())


def test_an_unknown_price_of_the_execution_is_said() -> None:
    found = output(three_sizes())
    assert found["stateMachine"]["executionCost"] is None
    assert "execution-cost-unknown" in [each["code"] for each in found["advisories"]]
    assert "execution-cost-unknown" not in [
        each["code"] for each in output(three_sizes(), execution_cost=0.0)["advisories"]
    ]


@pytest.mark.parametrize("asked", [STATS, replace(STATS, discard_top_bottom=0.2)])
def test_the_picture_shows_the_same_figures(asked: Asked) -> None:
    found = output(three_sizes(), asked)
    stats = [(stat["value"], stat["averageDuration"], stat["averagePrice"]) for stat in found["stats"]]
    for shown, stat in zip(drawn(found["stateMachine"]["visualization"]), stats, strict=True):
        assert shown == pytest.approx(stat, rel=1e-6)


def test_without_cold_starts_in_the_costs_the_picture_is_that_of_the_report() -> None:
    analysis = three_sizes()
    assert output(analysis)["stateMachine"]["visualization"] == visualizer_url(analysis)


def test_a_share_that_is_discarded_gives_the_means_of_the_peer() -> None:
    analysis = make_analysis(make_measurement(memory_mb=512, durations=[10.0, 20.0, 30.0, 40.0], cold=1))
    # Of 10, 20, 30, 40 and a cold start of 200 + 100, one at each end is left out.
    found = output(analysis, Asked(include_output_results=True, discard_top_bottom=0.2))
    assert found["duration"] == pytest.approx(30.0)
    assert found["cost"] == pytest.approx(PRICES.invocation_cost(analysis.current, 30))
    everything = output(analysis, Asked(discard_top_bottom=0.0))
    assert everything["duration"] == pytest.approx(80.0)
    assert found["power"] == everything["power"] == output(analysis)["power"]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0, 0.4))
def test_a_trimmed_mean_is_within_the_sample(values: list[float], discarded: float) -> None:
    mean = trimmed_mean(values, discarded)
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6
    assert trimmed_mean(values, 0) == pytest.approx(math.fsum(values) / len(values))


def test_two_architectures_are_told_apart() -> None:
    analysis = recorded()
    found = output(analysis)
    assert {stat["architecture"] for stat in found["stats"]} == {"x86_64", "arm64"}
    assert found["stateMachine"]["visualization"].count(";") == 7


def cold_analysis() -> Analysis:
    starts = [make_invocation(duration_ms=10.0 + lane, init_ms=100.0, lane=lane) for lane in range(5)]
    measurement = make_measurement(cold=0, others=starts)
    design = Design(
        search=GridDesign(configurations=(measurement.configuration,), invocations=5),
        lanes=5,
        concurrency=5,
        seed=1,
        only_cold_starts=True,
    )
    run = replace(make_analysis(measurement).run, design=design)
    return analyze(run, PRICES, Goal(strategy=Strategy.COST))


@pytest.mark.parametrize("discarded", [None, 0.2])
def test_a_cold_start_takes_its_init_phase_and_nothing_is_discarded(discarded: float | None) -> None:
    analysis = cold_analysis()
    found = output(analysis, Asked(include_output_results=True, discard_top_bottom=discarded))
    assert found["duration"] == pytest.approx(112.0)
    assert found["cost"] == pytest.approx(PRICES.invocation_cost(analysis.current, 112.0))
    assert found["samples"][0]["cold"] == 5


def test_no_answer_is_no_figure() -> None:
    nothing = make_analysis(make_measurement(others=[make_invocation(status=Status.OUT_OF_MEMORY)]))
    found = output(nothing)
    assert (found["power"], found["cost"], found["duration"], found["recommendation"]) == (None, None, None, None)
    assert found["stats"] == []
    assert found["stateMachine"]["visualization"] is None
    assert (found["outcome"], bool(found["explanation"])) == ("failed", True)


@pytest.mark.parametrize("discarded", [None, 0.0, 0.4])
def test_hostile_figures_are_json(discarded: float | None) -> None:
    hostile = hostile_analysis("\x1b[31m<b>")
    found = output(hostile, Asked(include_output_results=True, discard_top_bottom=discarded))
    working = [p for p in hostile.profiles if p.status is ProfileStatus.OK]
    assert len(found["stats"]) <= len(working)


def test_every_field_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "execution-input.md").read_text()
    found = output(three_sizes(), execution_cost=0.1)
    for key in (*found, *found["stateMachine"], *found["stats"][0], *found["samples"][0], *found["recommendation"]):
        assert f"`{key}`" in page, key
