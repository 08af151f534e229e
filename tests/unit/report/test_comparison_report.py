import json
import re
from typing import Any

import numpy as np
import pytest
from factories import make_function, make_measurement, make_run

from powertune.analysis import Difference, RunComparison, compare_runs
from powertune.cli.tables.comparison import draw_comparison
from powertune.errors import UsageError
from powertune.model import Architecture, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.report import COMPARISON
from powertune.report.comparison_report import ComparedRuns, footnotes, heading, rows

PRICES = PriceTable.bundled()


def run_of(
    means: dict[int, float], *, seed: int = 1, architecture: Architecture = Architecture.X86_64, name: str = "resize"
) -> TuningRun:
    generator = np.random.default_rng(seed)
    measurements = [
        make_measurement(
            memory_mb=mb,
            architecture=architecture,
            durations=list(generator.lognormal(np.log(mean), 0.03, 40)),
            lanes=8,
        )
        for mb, mean in means.items()
    ]
    return make_run(measurements=measurements, function=make_function(name=name))


def rendered(baseline: TuningRun, candidate: TuningRun, format_: str) -> str:
    runs = ComparedRuns(baseline=baseline, candidate=candidate, prices=PRICES, usage=Usage())
    return COMPARISON.render(runs, format_).decode()


def compared(baseline: TuningRun, candidate: TuningRun | None = None) -> RunComparison:
    return compare_runs(baseline, candidate, PRICES)


def test_each_size_and_the_whole_get_a_verdict() -> None:
    found = compared(run_of({512: 200, 1024: 100, 2048: 50}), run_of({512: 200, 1024: 80, 2048: 65}, seed=2))
    assert [pair.verdicts for pair in found.pairs] == [
        ("indistinguishable", "indistinguishable"),
        ("faster", "cheaper"),
        ("slower", "more expensive"),
    ]
    assert found.overall is not None
    assert found.overall.duration.ratio == pytest.approx((1 * 0.8 * 1.3) ** (1 / 3), rel=0.02)
    assert found.level == pytest.approx(1 - 0.05 / 3)


def test_different_functions_get_no_overall_verdict() -> None:
    means = {512: 200.0, 1024: 100.0}
    thumbnails, invoices = run_of(means, name="thumbnails"), run_of({512: 400, 1024: 300}, seed=2, name="invoices")
    found = compared(thumbnails, invoices)
    assert found.overall is None
    assert [row[0] for row in rows(found)] == ["512 MB x86_64", "1024 MB x86_64"]
    assert "thumbnails and invoices are different functions, so there is no overall verdict" in footnotes(found)
    assert json.loads(rendered(thumbnails, invoices, "json"))["overall"] is None
    same = compared(run_of(means, name="thumbnails"), run_of(means, seed=2, name="thumbnails"))
    assert same.overall is not None
    assert not any("different functions" in note for note in footnotes(same))


def test_the_other_way_round_is_the_reciprocal() -> None:
    before, after = run_of({512: 200, 1024: 100}), run_of({512: 150, 1024: 99}, seed=2)
    there, back = compared(before, after), compared(after, before)
    assert there.overall is not None
    assert back.overall is not None
    assert there.overall.duration.ratio == pytest.approx(1 / (back.overall.duration.ratio or 0))


def test_two_architectures_are_paired_by_size() -> None:
    x86_64 = run_of({512: 20_000, 1024: 10_000})
    arm64 = run_of({512: 18_000, 2048: 6000}, architecture=Architecture.ARM64, seed=2)
    found = compared(x86_64, arm64)
    assert found.by_size
    (pair,) = found.pairs
    assert (pair.baseline.architecture, pair.candidate.architecture) == (Architecture.X86_64, Architecture.ARM64)
    # A tenth faster, at four fifths of the price.
    assert pair.cost.ratio == pytest.approx(0.72, rel=0.03)
    assert [str(c) for c in found.unpaired] == ["1024 MB x86_64", "2048 MB arm64"]


def test_one_run_of_both_architectures_is_compared_with_itself() -> None:
    both = make_run(
        measurements=(
            *run_of({512: 200}).measurements,
            *run_of({512: 160}, architecture=Architecture.ARM64, seed=2).measurements,
        )
    )
    found = compared(both)
    assert found.pairs[0].verdicts == ("faster", "cheaper")
    assert heading(found) == "resize arm64 compared with resize x86_64"
    with pytest.raises(UsageError, match="one architecture"):
        compared(run_of({512: 200}))


def test_nothing_in_common_is_said() -> None:
    found = compared(run_of({512: 200}), run_of({1024: 100}))
    assert found.pairs == ()
    assert found.overall is None
    assert "nothing can be compared" in footnotes(found)[0]
    assert rows(found) == ()


def test_a_mean_of_nothing_is_inconclusive() -> None:
    instant = make_run(measurements=[make_measurement(durations=[0.0] * 9, lanes=3)])
    found = compared(instant, run_of({512: 10}))
    assert found.pairs[0].verdicts[0] == "inconclusive"
    assert found.overall is not None
    assert found.overall.duration.verdict is Difference.INCONCLUSIVE
    assert rows(found)[0][1] == "-"


def test_a_single_configuration_needs_no_overall_row() -> None:
    found = compared(run_of({512: 200}), run_of({512: 100}))
    assert [row[0] for row in rows(found)] == ["512 MB x86_64"]
    more = compared(run_of({512: 200, 1024: 100}), run_of({512: 100, 1024: 50}))
    assert [row[0] for row in rows(more)] == ["512 MB x86_64", "1024 MB x86_64", "overall"]


def test_costs_follow_the_usage_that_is_given() -> None:
    before, after = run_of({512: 200}), run_of({512: 20}, seed=2)
    plain = compare_runs(before, after, PRICES).pairs[0].cost.ratio
    cold = compare_runs(before, after, PRICES, Usage(cold_share=1.0)).pairs[0].cost.ratio
    assert plain is not None
    assert plain < 0.2
    assert cold == pytest.approx(1.0)


def test_the_json_form_holds_what_the_table_says() -> None:
    before, after = run_of({512: 200, 1024: 100}), run_of({512: 100, 1024: 100}, seed=2)
    document: Any = json.loads(rendered(before, after, "json"), parse_constant=pytest.fail)
    assert document["schema"] == "powertune/comparison/1"
    first = document["configurations"][0]
    assert first["baseline"] == {"memory_mb": 512, "architecture": "x86_64"}
    assert first["duration_ratio"]["verdict"] == "faster"
    assert first["duration_ratio"]["interval"][0] < first["duration_ratio"]["value"]
    assert document["overall"]["cost_ratio"]["verdict"] == "cheaper"


EVERY = {mb: 200 * 512 / mb for mb in (128, 512, 1024, 10240)}


def test_on_eighty_columns_an_interval_is_whole_below_its_ratio() -> None:
    found = compared(run_of(EVERY), run_of({**EVERY, 512: 180}, seed=2))
    assert "indistinguishable" in {pair.verdicts[0] for pair in found.pairs}
    lines = draw_comparison(found, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(r"configuration +duration +cost", lines[1])
    table = lines[2 : 2 + 2 * 5]
    for (name, duration, _, cost, _), first, second in zip(rows(found), table[::2], table[1::2], strict=True):
        ratio, interval = duration.split(" ", 1)
        column = first.index(f"{ratio}  ")
        assert first.startswith(name)
        assert second.index(interval) == column
        assert second.split("  ")[-1] == cost.split(" ", 1)[1]


def test_on_a_wide_terminal_a_pair_is_one_line() -> None:
    found = compared(run_of(EVERY), run_of(EVERY, seed=2))
    lines = draw_comparison(found, width=100).splitlines()
    assert len(lines) == 1 + 1 + 5 + 1
    assert all(cell in line for row, line in zip(rows(found), lines[2:], strict=False) for cell in row)
    assert len({line.index("]") for line in lines[2:7]}) == 1
    narrow = draw_comparison(found, width=40)
    assert all(interval in narrow for _, duration, *_ in rows(found) for interval in duration.split(" ", 1))


def test_a_table_of_nothing_is_its_notes_and_a_long_one_is_wrapped_between_words() -> None:
    nothing = draw_comparison(compared(run_of({512: 200}), run_of({1024: 100})), width=80)
    assert "nothing can be compared" in nothing
    assert "configuration  " not in nothing
    sizes = dict.fromkeys(range(128, 1664, 64), 100.0)
    text = draw_comparison(compared(run_of({512: 100.0}), run_of(sizes)), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "1600 MB x86_64" in " ".join(text.split())


def test_without_intervals_there_is_no_second_line() -> None:
    instant = make_run(measurements=[make_measurement(durations=[0.0] * 9, lanes=3)])
    lines = draw_comparison(compared(instant, run_of({512: 10}, name="n" * 64)), width=50).splitlines()
    assert any("-  inconclusive" in line for line in lines)
    assert not any(line.strip() == "" for line in lines)


def test_a_hostile_name_stays_text_in_markdown() -> None:
    text = rendered(run_of({512: 200}, name="<script>|`x`"), run_of({512: 200}, name="@team", seed=2), "markdown")
    assert "<script>" not in text
    assert "@team" not in text
    assert "| 512 MB x86" in text
