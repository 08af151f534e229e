"""Metric math: values, refusals, bounds."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.metrics import math_parser, queries, search
from powertune.local.metrics.evaluation import Request
from powertune.local.metrics.math_parser import BadExpression
from powertune.local.metrics.model import MetricKey, Refused, Sample
from powertune.local.metrics.store import MetricStore

NOW = 1_800_000_000 // 3600 * 3600

SERIES = {
    "one": {0: 1.0, 1: 1.0, 2: 0.0, 3: 0.0},
    "two": {0: 30.0, 2: 0.0, 3: 0.0, 4: 30.0},
    "three": {0: 0.0, 1: 0.0, 2: 20.0, 4: 20.0},
    "m1": {0: 30.0, 1: 20.0, 2: 0.0, 3: 0.0},
    "m2": {0: 20.0, 2: 20.0},
    "nothing": {},
}


def compute(expression: str) -> list[dict[int, float]]:
    """The values of an expression by minute, for each of its time series."""
    store = MetricStore()
    for name, points in SERIES.items():
        store.add((MetricKey("S", name), Sample.single(NOW + 60 * at, value)) for at, value in points.items())
    asked: list[dict[str, Any]] = [
        {"Id": name, "MetricStat": {"Metric": {"Namespace": "S", "MetricName": name}, "Period": 60, "Stat": "Sum"}}
        for name in SERIES
    ]
    given = [*asked, {"Id": "e", "Expression": expression}]
    request = Request(store=store, queries=queries.parse(given), start=NOW, end=NOW + 300, now=NOW + 300)
    return [
        {(time - NOW) // 60: value for time, value in zip(series.times.tolist(), series.values.tolist(), strict=True)}
        for series in request.results()[-1].series
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The examples of the User Guide, "Comparison and logical operators" and "Using IF expressions".
        ("m1 < m2", [{0: 0, 1: 0, 2: 1, 3: 0}]),
        ("m1 >= 30", [{0: 1, 1: 0, 2: 0, 3: 0}]),
        ("m1 > 15 AND m2 > 15", [{0: 1, 1: 0, 2: 0, 3: 0}]),
        ("IF(one, two, three)", [{0: 30, 1: 0, 2: 20}]),
        ("IF(one, 5, three)", [{0: 5, 1: 5, 2: 20}]),
        ("IF(one, two, 5)", [{0: 30, 1: 0, 2: 5, 3: 5}]),
        ("IF(one, two)", [{0: 30, 1: 0}]),
        ("IF(1, m2, m1)", [{0: 20, 2: 20}]),
        ("IF(0, m2)", [{}]),
        ("m1 + m2 * 2", [{0: 70, 1: 20, 2: 40, 3: 0}]),
        ("m1 / m2", [{0: 1.5, 2: 0}]),
        ("-m2 ^ 2", [{0: -400, 2: -400}]),
        ("2 ^ 3 ^ 2 * m2 / 512", [{0: 20, 2: 20}]),
        ("m2 - 1 - 1 || 0", [{0: 1, 2: 1}]),
        ("SUM([m1, m2])", [{0: 50, 1: 20, 2: 20, 3: 0}]),
        ("AVG([m1, m2])", [{0: 25, 1: 10, 2: 10, 3: 0}]),
        ("MIN([m1, m2])", [{0: 20, 1: 20, 2: 0, 3: 0}]),
        ("MAX([m1, m2])", [{0: 30, 1: 20, 2: 20, 3: 0}]),
        ("STDDEV([m1, m2])", [{0: 5, 1: 0, 2: 10, 3: 0}]),
        ("DATAPOINT_COUNT([m1, m2])", [{0: 2, 1: 1, 2: 2, 3: 1}]),
        ("m2 * SUM(m1) / DATAPOINT_COUNT(m1)", [{0: 250, 2: 250}]),
        ("m2 * AVG(m1) + MIN(m1) + MAX(m1) + METRIC_COUNT([m1, m2])", [{0: 282, 2: 282}]),
        ("m2 * STDDEV(m2) + PERIOD(m2)", [{0: 60, 2: 60}]),
        ("FILL(m2, 7)", [{0: 20, 1: 7, 2: 20, 3: 7, 4: 7}]),
        ("FILL(nothing, 0)", [{0: 0, 1: 0, 2: 0, 3: 0, 4: 0}]),
        ("FILL(m2, REPEAT)", [{0: 20, 1: 20, 2: 20, 3: 20, 4: 20}]),
        ("FILL(two, LINEAR)", [{0: 30, 1: 15, 2: 0, 3: 0, 4: 30}]),
        ("FILL(m2, m1)", [{0: 20, 1: 20, 2: 20, 3: 0}]),
        ("RATE(m1)", [{1: -10 / 60, 2: -20 / 60, 3: 0}]),
        ("DIFF(m2)", [{2: 0}]),
        ("DIFF_TIME(m2)", [{2: 120}]),
        ("RUNNING_SUM(m1)", [{0: 30, 1: 50, 2: 50, 3: 50}]),
        ("ABS(-m2)", [{0: 20, 2: 20}]),
        ("CEIL(m2 / 3) - FLOOR(m2 / 3)", [{0: 1, 2: 1}]),
        ("LOG10(m1 * 5 - 50)", [{0: 2, 1: math.log10(50)}]),
        ("TIME_SERIES(MAX(m1))", [{0: 30, 1: 30, 2: 30, 3: 30, 4: 30}]),
        ("SORT([m1, nothing, m2], AVG, DESC)", [SERIES["m2"], SERIES["m1"], {}]),
        ("SORT([m1, m2], SUM, ASC, 1)", [SERIES["m2"]]),
        ("SLICE(SORT([m1, m2, three], MAX, ASC), 1)", [SERIES["three"], SERIES["m1"]]),
        ("SLICE([m1, m2, three], 0, 1)", [SERIES["m1"]]),
        ("FIRST([m2, m1])", [SERIES["m2"]]),
        ("LAST([m2, m1])", [SERIES["m1"]]),
        ("REMOVE_EMPTY([m1, nothing])", [SERIES["m1"]]),
        ('METRICS("m")', [SERIES["m1"], SERIES["m2"]]),
        ("[m1, m2] / m2", [{0: 1.5, 2: 0}, {0: 1, 2: 1}]),
        ("100 - [m2]", [{0: 80, 2: 80}]),
        ("MINUTE(m2)", [{0: 0, 1: 1, 2: 2, 3: 3, 4: 4}]),
        ("SUM(SEARCH('{S} NOT nothing', 'Sum')) * 0", [{0: 0, 1: 0, 2: 0, 3: 0, 4: 0}]),
        ("SUM(SEARCH('{None}', 'Sum', 60))", [{}]),
        ("+".join(["m2"] * 600), [{0: 12_000, 2: 12_000}]),
    ],
)  # fmt: skip
def test_metric_math(expression: str, expected: list[dict[int, float]]) -> None:
    assert compute(expression) == [pytest.approx(each) for each in expected]


@pytest.mark.parametrize(
    "expression",
    ["m1 +", "(m1", "[m1", "m1 m2", "m1 ! m2", "1 2", "m1 = 2", "AND", "(" * 900 + "m1" + ")" * 900, "-" * 999 + "m1",
     "SUM(m1, m2)", "NOPE(m1)", "unknown", "5", "'text'", "SUM([1])", "FIRST(m1)", "SORT([m1], AVG, UP)",
     "FILL(m1, X)", "SLICE([m1], m1)", "METRICS(1)", "PERIOD(m1 + METRICS())", "SEARCH('(', 'Sum')", "m1 + 'x'",
     "SEARCH('a', 'sum')", "SEARCH('a', 'Sum', 61)", "IF([m1], 1)", "TIME_SERIES(m1)", "2m1", "AVG", "-'x'",
     "METRIC_COUNT(m1)"],
)  # fmt: skip
def test_wrong_expressions_are_refused(expression: str) -> None:
    with pytest.raises(Refused, match="Error in expression 'e': "):
        compute(expression)


@pytest.mark.parametrize("expression", ["FILL(m1, 0)", "EPOCH(m1)", "TIME_SERIES(1)"])
def test_no_request_makes_time_series_without_end(expression: str) -> None:
    """From 1970 on there are more minutes than memory should hold."""
    metric = {"Namespace": "S", "MetricName": "m1"}
    given: list[dict[str, Any]] = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        {"Id": "e", "Expression": expression},
    ]
    request = Request(store=MetricStore(), queries=queries.parse(given), start=0, end=NOW, now=NOW)
    with pytest.raises(Refused, match="Error in expression 'e': The time range has more than"):
        request.results()


@given(st.text("m12 +-*/^()[]<>=!&|,.'\"eSUMAVGIF{}", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse, refused in ((math_parser.parse, BadExpression), (search.parse, search.BadSearch)):
        try:
            parse(text)
        except refused:
            continue
