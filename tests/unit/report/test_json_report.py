import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from factories import make_analysis, make_function, make_measurement, make_prices, recorded

from powertune.analysis import Analysis, Summary
from powertune.errors import UsageError
from powertune.report import RUN

GOLDEN = Path(__file__).parents[2] / "golden" / "analysis.json"


def document(analysis: Analysis) -> Any:
    return json.loads(RUN.render(analysis, "json"), parse_constant=pytest.fail)


def test_the_document_is_the_golden_one() -> None:
    text = RUN.render(recorded(), "json")
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_bytes(text)
    assert text.decode() == GOLDEN.read_text()


def test_the_document_has_exactly_the_documented_keys() -> None:
    whole = document(recorded())
    assert list(whole) == [
        "schema",
        "function",
        "engine",
        "current",
        "currency",
        "prices_as_of",
        "outcome",
        "explanation",
        "billing",
        "profiles",
        "recommendation",
        "nearest",
        "knee",
        "search",
        "spent_usd",
        "advisories",
    ]
    assert whole["schema"] == "powertune/analysis/1"
    assert list(whole["function"]) == ["name", "arn", "region", "runtime"]
    assert list(whole["current"]) == ["memory_mb", "architecture"]
    for profile in whole["profiles"]:
        assert list(profile) == [
            "memory_mb",
            "architecture",
            "status",
            "reason",
            "invocations",
            "environments",
            "duration_ms",
            "billed_ms_mean",
            "init_ms",
            "cold_duration_ms",
            "max_memory_used_mb",
            "cost_usd_per_million",
            "pareto",
            "dominated_by",
            "unmet",
            "ruled_out",
        ]
        assert list(profile["invocations"]) == ["warm", "cold", "set_aside", "failed", "missing"]
        assert list(profile["duration_ms"]) == [
            "mean",
            "p50",
            "p95",
            "p99",
            "stdev",
            "ci95",
            "outliers",
            "sample_mean",
        ]
        assert list(profile["cost_usd_per_million"]) == ["mean", "ci95", "warm_mean"]
        assert profile["init_ms"] is None or list(profile["init_ms"]) == ["mean", "p95"]
    recommendation = whole["recommendation"]
    assert list(recommendation) == [
        "memory_mb",
        "architecture",
        "strategy",
        "best",
        "equivalent",
        "cost_ratio",
        "duration_ratio",
        "monthly_saving_usd",
        "monthly_saving_ci95",
        "payback_days",
        "saving_usd_per_million",
        "saving_ms",
        "reasons",
        "distinction",
        "too_short",
        "unproven",
        "rival",
    ]
    assert list(recommendation["cost_ratio"]) == list(recommendation["duration_ratio"]) == ["value", "ci95"]
    assert all(list(advisory) == ["code", "message", "next_step"] for advisory in whole["advisories"])


def test_unknown_is_null_and_never_nan() -> None:
    whole = document(
        make_analysis(
            make_measurement(memory_mb=256, durations=[5.0]),
            make_measurement(memory_mb=1024, cold=0, unmeasured="refused"),
        )
    )
    single, unmeasured = whole["profiles"]
    assert whole["recommendation"] is None
    assert single["duration_ms"]["ci95"] is None
    assert single["duration_ms"]["mean"] == 5.0
    assert set(unmeasured["duration_ms"].values()) == {None}
    assert set(unmeasured["cost_usd_per_million"].values()) == {None}
    assert unmeasured["billed_ms_mean"] is None
    assert unmeasured["init_ms"] is None
    broken = Summary(
        n=20,
        mean=math.nan,
        median=math.inf,
        p95=1.0,
        p99=1.0,
        deviation=None,
        interval=(math.nan, 1.0),
        units=1,
        outliers=0,
        sample_mean=1.0,
    )
    analysis = recorded()
    profile = dataclasses.replace(analysis.profiles[1], duration=broken)
    duration = document(dataclasses.replace(analysis, profiles=(profile,)))["profiles"][0]["duration_ms"]
    assert (duration["mean"], duration["p50"], duration["p95"], duration["ci95"]) == (None, None, 1.0, [None, 1.0])


def test_without_the_current_size_there_is_no_ratio() -> None:
    whole = document(make_analysis(make_measurement(memory_mb=256, durations=[5.0, 6.0])))
    assert whole["recommendation"]["cost_ratio"] is None
    assert whole["recommendation"]["duration_ratio"] is None


def test_costs_are_per_million_in_the_named_currency() -> None:
    analysis = make_analysis(
        make_measurement(memory_mb=1024, durations=[1000.0, 1000.0]),
        prices=make_prices(gb_second=0.0001, request=0.000001, currency="CNY"),
        function=make_function(memory_mb=1024),
    )
    whole = document(analysis)
    assert whole["currency"] == "CNY"
    assert whole["profiles"][0]["cost_usd_per_million"] == {
        "mean": 101.0,
        "ci95": [101.0, 101.0],
        "warm_mean": 101.0,
    }
    assert whole["spent_usd"] == pytest.approx(2 * 0.000101 + 0.000031)


def test_an_unknown_format_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(UsageError, match="'yaml'") as caught:
        RUN.render(recorded(), "yaml")
    assert all(name in str(caught.value.hint) for name in RUN.renderers)
