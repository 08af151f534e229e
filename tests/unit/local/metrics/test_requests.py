"""What a request may ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.metrics import periods, tokens
from powertune.local.metrics.datapoints import get_metric_statistics
from powertune.local.metrics.model import MetricKey, Refused, Sample
from powertune.local.metrics.periods import Window
from powertune.local.metrics.results import Place, get_metric_data
from powertune.local.metrics.store import MetricStore

NOW = 1_800_000_000 // 3600 * 3600


def test_windows_and_periods_by_age() -> None:
    now, start = float(NOW), NOW + 754.0
    assert Window.of(start - 86_400, NOW, period=60, now=now).start == NOW - 86_400 + 720
    assert Window.of(start - 20 * 86_400, NOW, period=300, now=now).start == NOW - 20 * 86_400 + 600
    assert Window.of(start - 64 * 86_400, NOW, period=3600, now=now).start == NOW - 64 * 86_400
    assert Window.of(start - 3600, NOW, period=10, now=now).start == NOW - 3600 + 750
    kept = {(period, days) for period in (10, 60, 300, 3600) for days in (0.1, 1, 16, 64)
            if periods.is_kept(period, NOW - days * 86_400, NOW)}  # fmt: skip
    assert kept == {(10, 0.1), (60, 0.1), (60, 1), *((300, days) for days in (0.1, 1, 16)),
                    *((3600, days) for days in (0.1, 1, 16, 64))}  # fmt: skip
    assert [period for period in range(-60, 130) if periods.is_valid(period)] == [1, 5, 10, 20, 30, 60, 120]


def test_more_metrics_than_a_request_may_read() -> None:
    store = MetricStore()
    store.add((MetricKey.of("S", "M", {"D": f"{number}"}), Sample.single(NOW, 1.0)) for number in range(600))
    asked = {"MetricDataQueries": [{"Id": "e", "Expression": "SEARCH('{S,D}', 'Sum', 60)"}]}
    answer = get_metric_data(
        store, {**asked, "StartTime": NOW, "EndTime": NOW + 60}, NOW + 60, Place(account="1", region="r")
    )
    assert len(answer["MetricDataResults"]) == 500
    assert answer["Messages"][0]["Code"] == "MaxMetricsExceeded"


def test_what_raw_requests_leave_out_is_named() -> None:
    place = Place(account="1", region="r")
    for given_, missing in (({}, "MetricDataQueries"), ({"MetricDataQueries": [], "StartTime": 1}, "EndTime")):
        with pytest.raises(Refused, match=f"The parameter {missing} is required"):
            get_metric_data(MetricStore(), given_, NOW, place)
    with pytest.raises(Refused, match="The parameter MetricName is required"):
        get_metric_statistics(MetricStore(), {"Namespace": "S"}, NOW)


@given(st.text(max_size=40))
def test_tokens_of_others_are_none(text: str) -> None:
    assert tokens.unseal("request", text) is None
    assert tokens.unseal("request", tokens.seal("other", (1, 2))) is None
    assert tokens.unseal("request", tokens.seal("request", (1, 2))) == (1, 2)
