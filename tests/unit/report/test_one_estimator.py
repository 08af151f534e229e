"""The sentence, the tables, the page, the charts and the documents tell the same figures of one run."""

import csv
import dataclasses
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories import make_configuration, make_function, make_measurement, make_run

from powertune import results
from powertune.analysis import Analysis, Profile, ProfileStatus, analyze
from powertune.model import Architecture, Exploration, Goal, Strategy, TuningRun
from powertune.prices import PriceTable
from powertune.report import RUN
from powertune.report.charts import points
from powertune.report.html.choice import coordinates
from powertune.report.html.tables import key_figures
from powertune.report.report_text import Row, write_report_text
from powertune.units import PER_MILLION, format_ms, format_ratio, format_usd

PRICES = PriceTable.bundled()
RECORDED = Path(__file__).parents[3] / "reports" / "cpu_bound" / "run.json"
STATE = make_function(name="fn", memory_mb=512)
#: Mean durations at the sizes, in ms: some waiting, and work that one vCPU does fastest.
SIZES = {memory_mb: 100 + 500 * max(1.0, 1769 / memory_mb) for memory_mb in (128, 256, 512, 1024, 1769)}


def measured(count: int, lanes: int) -> TuningRun:
    chance = random.Random(4)
    return make_run(
        measurements=[
            make_measurement(
                memory_mb=memory_mb,
                durations=[mean * chance.lognormvariate(0, 0.1) for _ in range(count)],
                lanes=lanes,
            )
            for memory_mb, mean in SIZES.items()
        ],
        function=STATE,
    )


def searched(run: TuningRun) -> TuningRun:
    search = Exploration(
        smallest_mb=128,
        largest_mb=3008,
        architectures=(Architecture.X86_64,),
        current=make_configuration(512),
        goal=Goal(),
    )
    return dataclasses.replace(run, design=dataclasses.replace(run.design, search=search), stopped="complete")


def saved(run: TuningRun) -> TuningRun:
    """The run as it is read back, from a file that lacks what a version before this one did not write."""
    document = json.loads(results.dump(run))
    document["design"].pop("prices_as_of", None)
    return results.parse(json.dumps(document).encode())


RUNS: dict[str, Callable[[], TuningRun]] = {
    "grid": lambda: measured(24, 4),
    "grid of few": lambda: measured(2, 1),
    "search": lambda: searched(measured(3, 1)),
    "search, read back": lambda: saved(searched(measured(3, 1))),
    "recorded before": lambda: results.load(RECORDED),
}


@pytest.fixture(scope="module", params=[(name, strategy) for name in RUNS for strategy in Strategy], ids=str)
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return judge(*request.param)


def judge(name: str, strategy: Strategy) -> Analysis:
    run = RUNS[name]()
    if isinstance(run.design.search, Exploration):
        search = dataclasses.replace(run.design.search, goal=Goal(strategy=strategy))
        run = dataclasses.replace(run, design=dataclasses.replace(run.design, search=search))
    return analyze(run, PRICES, Goal(strategy=strategy))


def document(analysis: Analysis) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RUN.render(analysis, "json"))
    return loaded


def judged(analysis: Analysis) -> list[tuple[Profile, Row, dict[str, Any]]]:
    """Each configuration that works: its profile, its row for people, and its entry for programs."""
    rows = write_report_text(analysis).rows
    found = zip(analysis.profiles, rows, document(analysis)["profiles"], strict=True)
    return [each for each in found if each[0].status is ProfileStatus.OK]


def with_ends(mean: str, ends: list[str] | None) -> str:
    return mean if ends is None else f"{mean} [{ends[0]}, {ends[1]}]"


def test_tables_tell_the_means_and_intervals_of_the_document(analysis: Analysis) -> None:
    markdown = RUN.render(analysis, "markdown").decode().replace("\\", "")
    page = RUN.render(analysis, "html").decode()
    assert judged(analysis)
    for _, row, entry in judged(analysis):
        duration, cost = entry["duration_ms"], entry["cost_usd_per_million"]
        ends = duration["ci95"] and [format_ms(end).removesuffix(" ms") for end in duration["ci95"]]
        durations = with_ends(format_ms(duration["mean"]), ends)
        ends = cost["ci95"] and [format_usd(end, "USD").lstrip("$") for end in cost["ci95"]]
        costs = with_ends(format_usd(cost["mean"], "USD"), ends)
        assert (row.duration_interval, row.cost_interval) == (durations, costs)
        for text in (durations, costs):
            assert text in markdown
            assert text in page


def test_csv_tells_the_means_and_intervals_of_the_document(analysis: Analysis) -> None:
    lines = csv.DictReader(io.StringIO(RUN.render(analysis, "csv").decode()))
    cells = {int(line["memory_mb"]): line for line in lines}
    for _, _, entry in judged(analysis):
        line = cells[entry["memory_mb"]]
        assert float(line["duration_ms_mean"]) == entry["duration_ms"]["mean"]
        assert float(line["cost_usd_per_million_mean"]) == entry["cost_usd_per_million"]["mean"]


def test_charts_draw_the_means_and_intervals_of_the_document(analysis: Analysis) -> None:
    drawn = {point.configuration.memory_mb: point for point in points.judged(analysis)}
    for profile, _, entry in judged(analysis):
        point, place = drawn[entry["memory_mb"]], coordinates(profile)
        assert place is not None
        for mean in (point.duration, place["duration"]):
            assert mean == pytest.approx(entry["duration_ms"]["mean"], rel=1e-4)
        for mean in (point.cost, place["cost"]):
            assert mean == pytest.approx(entry["cost_usd_per_million"]["mean"], rel=1e-4)
        assert (point.duration_ends or None) == (
            entry["duration_ms"]["ci95"] and pytest.approx(entry["duration_ms"]["ci95"])
        )
        low_high = entry["cost_usd_per_million"]["ci95"]
        assert (point.cost_ends or None) == (low_high and pytest.approx(low_high))


def test_ratios_are_quotients_of_the_means_that_are_shown(analysis: Analysis) -> None:
    whole = document(analysis)
    recommendation = whole["recommendation"]
    assert recommendation is not None
    claimed = recommendation["unproven"] or recommendation
    entries = {entry["memory_mb"]: entry for _, _, entry in judged(analysis)}
    now, chosen = entries[whole["current"]["memory_mb"]], entries[claimed["memory_mb"]]
    for ratio, figure in (("cost_ratio", "cost_usd_per_million"), ("duration_ratio", "duration_ms")):
        expected = chosen[figure]["mean"] / now[figure]["mean"]
        assert claimed[ratio]["value"] == pytest.approx(expected, rel=1e-6)
        low, high = claimed[ratio]["ci95"]
        assert low <= claimed[ratio]["value"] <= high
    for profile, row, entry in judged(analysis):
        expected = entry["cost_usd_per_million"]["mean"] / now["cost_usd_per_million"]["mean"]
        assert profile.cost_ratio == pytest.approx(expected, rel=1e-6)
        assert row.against_now == f"{expected:.2f}"


def test_the_sentence_and_the_card_tell_the_ratios_and_means_of_the_document(analysis: Analysis) -> None:
    whole, report = document(analysis), write_report_text(analysis)
    recommendation = whole["recommendation"]
    claimed = recommendation["unproven"] or recommendation
    if claimed["memory_mb"] != whole["current"]["memory_mb"]:
        for ratio, what in (("cost_ratio", "the cost"), ("duration_ratio", "the duration")):
            low, high = claimed[ratio]["ci95"]
            words = f"{format_ratio(claimed[ratio]['value'])} [{low:.2f}, {high:.2f}] {what}"
            assert words in report.headline
    entries = {entry["memory_mb"]: entry for _, _, entry in judged(analysis)}
    chosen = entries[recommendation["memory_mb"]]
    card = {name: (value, then) for name, value, then in key_figures(report)}
    assert card["Cost per million"][0] == format_usd(chosen["cost_usd_per_million"]["mean"], "USD")
    assert card["Mean duration"][0] == format_ms(chosen["duration_ms"]["mean"])
    if recommendation["memory_mb"] != whole["current"]["memory_mb"]:
        assert card["Cost per million"][1].endswith(format_ratio(recommendation["cost_ratio"]["value"]))
        assert card["Mean duration"][1].endswith(format_ratio(recommendation["duration_ratio"]["value"]))


def test_labels_name_the_lowest_of_the_means_that_are_shown(analysis: Analysis) -> None:
    everything = judged(analysis)
    for word, figure in (("cheapest", "cost_usd_per_million"), ("fastest", "duration_ms")):
        lowest = min(entry[figure]["mean"] for _, _, entry in everything)
        marked = [entry for _, row, entry in everything if any(note.startswith(word) for note in row.notes)]
        assert [entry[figure]["mean"] for entry in marked] == [lowest]


def test_an_interval_holds_its_mean_and_does_not_touch_it(analysis: Analysis) -> None:
    for _, _, entry in judged(analysis):
        for figure in (entry["duration_ms"], entry["cost_usd_per_million"]):
            low, high = figure["ci95"]
            assert low < figure["mean"] < high


@pytest.mark.parametrize("strategy", Strategy)
def test_the_curve_of_a_search_goes_through_the_means_that_are_shown(strategy: Strategy) -> None:
    analysis = judge("search", strategy)
    whole = document(analysis)
    curve = {entry["memory_mb"]: entry for entry in whole["search"]["curve"]}
    for _, _, entry in judged(analysis):
        shown = entry["duration_ms"]["mean"] if analysis.goal.ignores_cost else entry["billed_ms_mean"]
        assert curve[entry["memory_mb"]]["billed_ms"] == pytest.approx(shown)
    spent = analysis.profile(make_configuration(whole["search"]["memory_mb"]))
    assert spent is not None
    assert spent.cost is not None
    assert spent.cost.interval is not None
    ends = [end * PER_MILLION for end in spent.cost.interval]
    assert whole["search"]["cost_usd_per_million_ci95"] == pytest.approx(ends)


def test_a_percentile_is_shown_only_where_invocations_reach_beyond_it(analysis: Analysis) -> None:
    for profile, row, entry in judged(analysis):
        assert (entry["duration_ms"]["p95"] is None) == (row.p95 == "-") == (profile.counts.warm < 20)
        assert (entry["duration_ms"]["p99"] is None) == (profile.counts.warm < 100)


def test_what_the_samples_say_themselves_is_kept_apart() -> None:
    run = searched(measured(3, 1))
    whole = document(analyze(run, PRICES, Goal()))
    for measurement, entry in zip(run.measurements, whole["profiles"], strict=True):
        warm = [i.duration_ms for i in measurement.invocations if i.init_ms is None and i.duration_ms is not None]
        assert entry["duration_ms"]["sample_mean"] == pytest.approx(sum(warm) / len(warm))
        assert entry["duration_ms"]["mean"] != entry["duration_ms"]["sample_mean"]
    sentence = re.sub(r"\s+", " ", write_report_text(analyze(run, PRICES, Goal())).headline)
    assert "allowing for noise" not in sentence
