from dataclasses import replace

import pytest
from factories import make_analysis, make_configuration, make_measurement, make_prices, make_run, recorded

from powertune.analysis import Comparison, Difference, Saving
from powertune.model import Architecture, Goal, Limit, Statistic, Strategy, Usage
from powertune.report.json_report import analysis_document
from powertune.report.report_text import write_report_text
from powertune.report.wording import names, payback_words, ratio_words, saving_words

ARM = Architecture.ARM64


def test_a_saving_has_its_interval_and_when_it_pays() -> None:
    saving = Saving(per_month=30.0, interval=(20.0, 40.0), payback_days=3.0)
    assert saving_words(saving, "USD") == (
        "At today's traffic that saves $30.00 [$20.00, $40.00] a month, $365.00 a year; "
        "measuring is paid for within 3 days."
    )


def test_what_costs_more_or_is_not_proven_is_not_called_a_saving() -> None:
    more_expensive = Saving(per_month=-30.0, interval=(-40.0, -20.0), payback_days=None)
    assert "that costs $30.00 [$20.00, $40.00] a month" in saving_words(more_expensive, "USD")
    doubtful = Saving(per_month=30.0, interval=(-5.0, 65.0), payback_days=None)
    assert "no proven amount" in saving_words(doubtful, "USD")
    single = Saving(per_month=30.0, interval=None, payback_days=None)
    assert saving_words(single, "CNY") == "What that changes in the bill cannot be told from so few invocations."


@pytest.mark.parametrize(
    ("days", "words"),
    [(0.01, "an hour"), (0.5, "12 hours"), (1 / 24, "1 hour"), (2.4, "2 days"), (400.0, "400 days")],
)
def test_payback_is_said_in_its_unit(days: float, words: str) -> None:
    assert payback_words(days) == f"measuring is paid for within {words}"


def test_a_ratio_of_tiny_samples_stays_short() -> None:
    wild = Comparison(ratio=1.5, interval=(0.0, 1e300), verdict=Difference.INDISTINGUISHABLE)
    assert ratio_words(wild, "the cost") == "1.50x [0.00, over 1,000] the cost"
    unknown = Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    assert ratio_words(unknown, "the cost") == "an unknown ratio to the cost"


def test_the_architecture_is_named_where_there_are_two() -> None:
    small, large, arm = make_configuration(256), make_configuration(512), make_configuration(512, ARM)
    assert names((small, large), small) == "256 MB, 512 MB"
    assert names((small, large), arm) == "256 MB x86_64, 512 MB x86_64"


def test_the_headline_tells_what_traffic_makes_of_it() -> None:
    analysis = make_analysis(
        make_measurement(durations=[100.0, 101.0, 102.0] * 4),
        make_measurement(memory_mb=256, durations=[90.0, 91.0, 92.0] * 4),
        usage=Usage(invocations_per_month=1e9),
    )
    assert "At today's traffic that saves $" in write_report_text(analysis).headline


def test_the_knee_and_the_goal_with_its_constraints_are_there() -> None:
    analysis = replace(recorded(), knee=make_configuration(256))
    assert "knee" in write_report_text(analysis).rows[1].notes
    goal = Goal(strategy=Strategy.COST, max_duration=Limit(statistic=Statistic.P95, at_most_ms=200.0))
    facts = dict(write_report_text(replace(analysis, goal=goal)).facts)
    assert facts["Goal"] == "lowest cost, with p95 <= 200 ms"


def test_the_date_of_the_prices_is_told_and_another_one_that_the_run_was_planned_with() -> None:
    measured, design = make_measurement(), make_run(measurements=[make_measurement()]).design

    def words(as_of: str | None, planned: str | None) -> str:
        analysis = make_analysis(
            measured, prices=make_prices(as_of=as_of), design=replace(design, prices_as_of=planned)
        )
        assert analysis_document(analysis)["prices_as_of"] == as_of
        return dict(write_report_text(analysis).facts)["Prices"]

    assert words("2025-10-30", None) == words("2025-10-30", "2025-10-30") == "as of 2025-10-30"
    assert words("2026-09-19", "2025-10-30") == "as of 2026-09-19; the run was planned with prices as of 2025-10-30"
    assert words(None, None) == "date not known"


def test_what_cannot_be_told_apart_is_said_of_what_and_from_what() -> None:
    steady = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 99.8, 100.1]
    measurements = [
        make_measurement(memory_mb=mb, durations=[factor * value for value in steady], lanes=4)
        for mb, factor in ((512, 1.0), (1024, 1.001), (2048, 0.999))
    ]
    speed = write_report_text(make_analysis(*measurements, goal=Goal(strategy=Strategy.SPEED))).headline
    assert "Stay at 512 MB x86_64, cheapest of those that are not proven slower than the fastest." in speed
    assert "In duration it cannot be told apart from the fastest, 2048 MB, and neither can 1024 MB" in speed
    assert "it is the cheapest of them" in speed
    alike = [
        make_measurement(memory_mb=mb, durations=[20 * factor * value for value in steady], lanes=4)
        for mb, factor in ((512, 2.0), (1024, 1.001))
    ]
    cost = write_report_text(make_analysis(*alike, goal=Goal(strategy=Strategy.COST))).headline
    assert "In cost, 1024 MB cannot be told apart from it." in cost
