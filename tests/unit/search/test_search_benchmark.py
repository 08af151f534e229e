import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from factories import make_measurement, make_run
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import search as benchmark
from benchmarks.curves import make
from benchmarks.found import Tuned, Yardstick
from benchmarks.search_policies import Pick
from benchmarks.search_policies.adapter import Driven, Measured, Searched, drive, make_search
from benchmarks.search_policies.grid import SIZES, FixedGrid, trimmed_mean
from benchmarks.search_policies.parrotfish import Parrotfish, fit
from benchmarks.search_policies.scores import FAILURE_REGRET, Outcome, judge, score
from benchmarks.search_policies.simulation import Bill, Conditions, Sampler
from benchmarks.search_policies.truth import Curve, Half, Truth, billed_cost, interpolate, load, split, wide
from powertune.analysis import analyze
from powertune.model import (
    Architecture,
    Batch,
    Configuration,
    Goal,
    Invocation,
    Measurement,
    Population,
    Status,
    Strategy,
    Trial,
)
from powertune.prices import PriceTable
from powertune.search import Stop
from powertune.search.grid import Grid

QUIET = Conditions(noise=0.0, lane_noise=0.0, outliers=0.0)
CURVES = Path(benchmark.__file__).parent / "curves"


def make_curve(
    points: dict[int, float], *, name: str = "c", source: str = "s", infeasible: tuple[int, ...] = ()
) -> Curve:
    return Curve(id=name, source=source, points=tuple(points.items()), infeasible=infeasible)


def cpu_bound(name: str = "cpu") -> Curve:
    """Super-linear up to 512 MB, where the optimum is, and flat beyond."""
    return make_curve({128: 4500.0, 256: 1900.0, 512: 800.0, 1024: 600.0, 3008: 580.0}, name=name)


def cliff() -> Curve:
    return make_curve({512: 900.0, 1024: 300.0, 3008: 280.0}, name="cliff", infeasible=(128, 256))


def sampler(curve: Curve, conditions: Conditions = QUIET, seed: int = 1) -> Sampler:
    return Sampler(Truth(curve), conditions, seed)


curves = st.dictionaries(st.integers(128, 10_240), st.floats(0.5, 1e5), min_size=2, max_size=12).map(
    lambda points: make_curve(dict(sorted(points.items())))
)


@pytest.mark.long
@given(curve=curves)
def test_the_truth_goes_through_all_points_and_is_monotone_between_them(curve: Curve) -> None:
    truth = Truth(curve)
    for (left, start), (right, end) in zip(curve.points, curve.points[1:], strict=False):
        assert truth.duration(left) == pytest.approx(start)
        assert truth.duration(right) == pytest.approx(end)
        steps = np.diff(truth.durations[left - curve.smallest_mb : right + 1 - curve.smallest_mb])
        slack = 1e-9 * max(start, end)
        assert (steps >= -slack).all() if end >= start else (steps <= slack).all()


def test_a_power_law_is_interpolated_exactly() -> None:
    truth = Truth(make_curve({size: 1e6 / size for size in (128, 200, 1024, 3008)}))
    assert truth.durations == pytest.approx(1e6 / truth.sizes)


def test_the_interpolation_is_pchip() -> None:
    # scipy.interpolate.PchipInterpolator([0, 1, 3, 4], [0, 1, 2, 0]) at these places.
    values = interpolate(np.array([0.0, 1, 3, 4]), np.array([0.0, 1, 2, 0]), np.array([0.5, 2.0, 3.5]))
    assert values == pytest.approx([0.559_294_871_794_871_8, 1.673_076_923_076_923_1, 1.354_166_666_666_666_7])


def test_cost_and_optimum_are_over_every_size() -> None:
    truth = Truth(cpu_bound())
    prices = PriceTable.bundled().region("us-east-1")
    for size in (128, 700, 3008):
        configuration = Configuration(memory_mb=size, architecture=Architecture.X86_64)
        assert truth.cost(size) == pytest.approx(prices.invocation_cost(configuration, truth.duration(size)))
    assert len(truth.sizes) == 3008 - 128 + 1
    assert truth.cost(truth.optimum_mb) == truth.optimum_cost == min(truth.cost(size) for size in range(128, 3009))
    assert truth.regret(truth.optimum_mb) == 0.0
    assert truth.regret(3008) > 3
    with pytest.raises(ValueError, match="outside the range"):
        truth.cost(64)


def test_up_to_an_infeasible_size_and_below_the_first_point_the_function_fails() -> None:
    truth = Truth(cliff())
    assert (truth.curve.smallest_mb, truth.curve.floor_mb) == (128, 512)
    assert all(math.isinf(truth.duration(size)) for size in (128, 256, 300, 511))
    assert truth.duration(512) == pytest.approx(900)
    assert truth.optimum_mb >= 512
    failed = sampler(cliff()).invoke(256)
    assert (failed.status, failed.error_type) == (Status.OUT_OF_MEMORY, "Runtime.ExitError")


def test_an_entry_is_parsed_and_refused() -> None:
    entry = {"id": "x", "source": "s", "points": [{"memory_mb": m, "duration_ms": 1e5 / m} for m in (512, 128, 256)]}
    assert [size for size, _ in Curve.parse(entry).points] == [128, 256, 512]
    assert [size for size, _ in Curve.parse({**entry, "infeasible": [128]}).points] == [256, 512]
    for points in (
        [{"memory_mb": 128, "duration_ms": 1.0}],
        [{"memory_mb": 128, "duration_ms": 1.0}] * 3,
        [{"memory_mb": 128, "duration_ms": 0.0}, {"memory_mb": 256, "duration_ms": 1.0}],
    ):
        with pytest.raises(ValueError, match="curve x"):
            Curve.parse({**entry, "points": points})


def test_a_family_is_what_must_not_be_torn_apart() -> None:
    path = "github:o/r a/b/c/Bench/%s/README.md"
    families = {
        make_curve({1: 1.0, 2: 1.0}, source=source).family
        for source in (path % 1, path % 2, "public index 1: Demo README", "public index 2: Demo README (later rev)")
    }
    assert families == {"github:o/r a/b/c/Bench", "Demo README"}


@pytest.mark.long
@given(sizes=st.lists(st.integers(1, 25), min_size=1, max_size=20))
def test_halves_are_whole_sources_balanced_and_the_same_each_time(sizes: list[int]) -> None:
    items = [
        make_curve({128: 1.0, 1024: 1.0}, name=f"{i}-{j}", source=f"s{i}")
        for i, n in enumerate(sizes)
        for j in range(n)
    ]
    tune, test = split(items, Half.TUNE), split(items, Half.TEST)
    assert Counter(tune + test) == Counter(split(items, Half.ALL)) == Counter(items)
    assert not {c.family for c in tune} & {c.family for c in test}
    assert abs(len(tune) - len(test)) <= max(sizes)
    assert set(split(items[::-1], Half.TEST)) == set(test)


def test_only_wide_curves_are_judged() -> None:
    narrow = make_curve({128: 2.0, 767: 1.0}, name="narrow")
    assert wide((narrow, cpu_bound(), cliff())) == (cpu_bound(), cliff())


def test_exploration_counts_every_paid_millisecond() -> None:
    function = sampler(cpu_bound())
    truth = Truth(cpu_bound())
    cold, warm, other_lane = function.invoke(512), function.invoke(512), function.invoke(1024, lane=3)
    assert (cold.init_ms, warm.init_ms, other_lane.init_ms) == (200.0, None, 200.0)
    assert (cold.billed_ms, warm.billed_ms, other_lane.billed_ms) == (1000, 800, 800)
    paid = billed_cost(512, 1000) + billed_cost(512, 800) + billed_cost(1024, 800)
    assert function.exploration == pytest.approx(paid / truth.optimum_cost)
    assert function.invocations == 3
    assert function.sizes == {512, 1024}


def test_the_noise_is_as_asked_for_and_seeded() -> None:
    conditions = Conditions(noise=0.18, lane_noise=0.06, outliers=0.0)
    truth = Truth(make_curve({128: 1e5, 1024: 1e5}))
    function = Sampler(truth, conditions, 1)
    one_lane = [function.invoke(128).duration_ms or 0.0 for _ in range(4000)]
    many_lanes = [function.invoke(256, lane).duration_ms or 0.0 for lane in range(4000)]
    assert np.std(one_lane) / np.mean(one_lane) == pytest.approx(0.18, rel=0.1)
    assert np.std(many_lanes) / np.mean(many_lanes) == pytest.approx(math.hypot(0.18, 0.06), rel=0.1)
    assert np.mean(many_lanes) == pytest.approx(1e5, rel=0.02)
    again = Sampler(truth, conditions, 1)
    assert [again.invoke(128).duration_ms for _ in range(4000)] == one_lane
    assert Sampler(truth, conditions, 1, repeat=1).invoke(128).duration_ms != one_lane[0]


def test_the_expected_bill_is_what_invocations_cost_on_average() -> None:
    conditions = Conditions(noise=0.3)
    truth = Truth(make_curve({128: 2.4, 1024: 1.4}))
    function = Sampler(truth, conditions, 1)
    bills = [billed_cost(128, function.invoke(128, lane).billed_ms or 0) for lane in range(4000) for _ in range(2)]
    assert np.mean(bills[1::2]) == pytest.approx(Bill(conditions).expected(truth, 128), rel=0.01)
    assert math.isinf(Bill(conditions).expected(Truth(cliff()), 128))


def test_the_grid_measures_its_sizes_and_picks_the_cheapest() -> None:
    function = sampler(cpu_bound())
    assert FixedGrid(invocations=10).run(function) == Pick(memory_mb=512)
    assert function.invocations == 60
    assert function.sizes == set(SIZES)
    assert trimmed_mean([1.0, 100.0, 2.0, 3.0, 0.0]) == 2.0
    assert trimmed_mean([1.0, 3.0]) == 2.0


def test_the_grid_stays_in_range_and_leaves_out_what_fails() -> None:
    function = sampler(make_curve({512: 600.0, 700: 580.0, 2048: 560.0}, infeasible=(300,)))
    assert FixedGrid(invocations=10).run(function).memory_mb == 512
    assert function.sizes == {300, 512, 1024, 1536, 2048}
    assert function.invocations == 41
    too_small = make_curve({4000: 1.0, 9000: 1.0}, infeasible=(3900,))
    assert FixedGrid(invocations=10).run(sampler(too_small)) == Pick(memory_mb=None)


@pytest.mark.long
@given(base=st.floats(1, 1e4), gain=st.floats(10, 1e5), decay=st.floats(60, 2000))
def test_parrotfish_finds_the_curve_that_it_assumes(base: float, gain: float, decay: float) -> None:
    sizes = np.repeat([128.0, 400.0, 1089.0, 3008.0], 4)
    durations = base + gain * np.exp(-sizes / decay)
    assert fit(sizes, durations).at(sizes) == pytest.approx(durations, rel=1e-3, abs=1e-3 * gain)


def test_parrotfish_warms_up_four_lanes_at_each_end_and_at_a_third() -> None:
    function = sampler(make_curve({128: 100.0, 3008: 100.0}))
    assert Parrotfish().run(function).memory_mb == 128
    assert {128, 1089, 3008} <= function.sizes
    assert function.invocations == 8 * len(function.sizes)


def test_parrotfish_repeats_what_is_not_steady() -> None:
    noisy = sampler(make_curve({128: 100.0, 3008: 100.0}), Conditions(noise=0.3))
    Parrotfish().run(noisy)
    assert noisy.invocations > 8 * len(noisy.sizes)


@pytest.mark.long
def test_parrotfish_takes_a_killed_function_for_a_fast_one_unless_it_gives_itself_away() -> None:
    picks = [Parrotfish().run(sampler(cliff(), seed=seed)).memory_mb or 0 for seed in range(30)]
    assert min(picks) < 512 <= max(picks)


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


def fastest(measured: Measured) -> Pick:
    """The size that works with the shortest warm invocation."""
    warm = {m: m.invocations.select(Population.WARM, "duration_ms") for m in measured.values() if not m.infeasible}
    return Pick(memory_mb=min(warm, key=lambda m: min(warm[m])).configuration.memory_mb)


def test_a_search_is_driven_until_it_stops() -> None:
    grid = Grid(configurations=(size(128), size(512), size(1024)), invocations=10, lanes=4)
    policy = Searched(make=lambda _: Driven(search=grid, pick=fastest))
    function = sampler(cpu_bound())
    assert policy.run(function) == Pick(memory_mb=1024)
    assert function.invocations == 3 * (4 + 10)
    failing = sampler(cliff())
    assert policy.run(failing) == Pick(memory_mb=1024)
    assert failing.invocations == 4 + 2 * (4 + 10)


@dataclass
class Scripted:
    """Proposes what it was told, and remembers what it was shown."""

    batches: list[Batch]
    shown: list[int] = field(default_factory=list)

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        self.shown.append(sum(len(m.invocations) for m in measured.values()))
        return self.batches.pop(0) if self.batches else Stop(reason="complete")


def test_batches_are_played_in_rounds_over_the_lanes_that_trials_name_or_all() -> None:
    few, many = size(128), size(512)
    narrow = Trial(configuration=few, invocations=3, lanes=1)
    wide_ = Trial(configuration=many, invocations=5)
    search = Scripted(
        [Batch(trials=(narrow, wide_)), Batch(trials=(Trial(configuration=few, invocations=2, lanes=2),))]
    )
    function = sampler(cpu_bound())
    played: list[tuple[int, int]] = []

    def invoke(configuration: Configuration, lane: int) -> Invocation:
        played.append((configuration.memory_mb, lane))
        return function.invoke(configuration.memory_mb, lane)

    measured = drive(search, invoke, lanes=3)
    rounds = [
        [(128, 0), (512, 0), (512, 1), (512, 2)],
        [(128, 0), (512, 0), (512, 1)],
        [(128, 0)],
        [(128, 0), (128, 1)],
    ]
    assert played == [turn for round_ in rounds for turn in round_]
    assert search.shown == [0, 8, 10]
    assert {c: len(m.invocations) for c, m in measured.items()} == {few: 5, many: 5}
    assert Counter(measured[many].invocations.populations) == {Population.COLD: 3, Population.WARM: 2}


def test_a_search_that_never_stops_is_an_error() -> None:
    class Endless:
        def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch:
            return Batch(trials=())

    with pytest.raises(RuntimeError, match="not stopped"):
        drive(Endless(), lambda c, lane: sampler(cpu_bound()).invoke(c.memory_mb, lane))


def test_the_search_of_powertune_is_judged_with_what_it_states() -> None:
    truth = Truth(cpu_bound())
    outcome = judge(Searched(make=make_search), truth, QUIET, Bill(QUIET), seed=1, repeat=0)
    assert outcome.regret < 0.1
    assert outcome.invocations < 60
    assert outcome.covered is not None
    assert 0 <= (outcome.p_best or 0.0) <= 1
    assert make_search(sampler(cpu_bound())).pick({}) == Pick(memory_mb=None)


def test_what_a_grid_says_of_sizes_between_its_own() -> None:
    """From 256 to 1024 MB duration times size is the same; 128 MB is too small."""
    durations = {256: 400.0, 1024: 100.0, 2048: 100.0}
    works = [make_measurement(memory_mb=mb, durations=[ms] * 4) for mb, ms in durations.items()]
    fails = make_measurement(memory_mb=128, durations=[1.0], status=Status.OUT_OF_MEMORY)
    analysis = analyze(make_run(measurements=[fails, *works]), PriceTable.bundled(), Goal(strategy=Strategy.COST))
    grid = Yardstick(Tuned(analysis=analysis, wall_s=1.0))
    assert grid.optimum.memory_mb in (256, 1024)
    assert grid.cost(size(512)) == pytest.approx(billed_cost(512, 200.0))
    assert grid.regret(size(512)) == pytest.approx(0.0, abs=1e-9)
    assert grid.regret(size(2048)) == pytest.approx(billed_cost(2048, 100.0) / billed_cost(1024, 100.0) - 1)
    assert math.isinf(grid.cost(size(128)))


class Claims:
    def __init__(self, pick: Pick) -> None:
        self._pick = pick

    def run(self, sampler: Sampler) -> Pick:
        sampler.invoke(128)
        sampler.invoke(1024)
        return self._pick


@pytest.mark.parametrize(
    ("pick", "regret", "covered", "was_best"),
    [
        (Pick(memory_mb=1024, cost_interval=(0.0, 1.0), p_best=0.9), None, True, True),
        (Pick(memory_mb=3008, cost_interval=(0.0, 1e-9), p_best=0.4), None, False, False),
        (Pick(memory_mb=128, cost_interval=(0.0, 1.0), p_best=0.4), FAILURE_REGRET, False, False),
        (Pick(memory_mb=None, p_best=0.0), FAILURE_REGRET, None, False),
        (Pick(memory_mb=1024), None, None, None),
    ],
)
def test_claims_are_checked(pick: Pick, regret: float | None, covered: bool | None, was_best: bool | None) -> None:
    truth = Truth(cliff())
    outcome = judge(Claims(pick), truth, QUIET, Bill(QUIET), seed=1, repeat=0)
    assert outcome.regret == (truth.regret(pick.memory_mb or 0) if regret is None else regret)
    assert (outcome.covered, outcome.was_best) == (covered, was_best)
    assert (outcome.invocations, outcome.sizes) == (2, 2)


def test_scores_are_over_all_runs() -> None:
    outcomes = [
        Outcome(
            memory_mb=128,
            regret=regret,
            invocations=10,
            sizes=2,
            exploration=20.0,
            covered=regret < 1,
            p_best=0.75,
            was_best=i % 2 == 0,
        )
        for i, regret in enumerate((0.0, 0.04, 0.08, FAILURE_REGRET))
    ]
    scores = score(outcomes)
    assert scores.mean_regret == pytest.approx(2.53)
    assert scores.median_regret == pytest.approx(0.06)
    assert (scores.within_5, scores.within_10, scores.failures) == (0.5, 0.75, 0.25)
    assert (scores.coverage, scores.p_best, scores.was_best) == (0.75, 0.75, 0.5)
    assert scores.miscalibration == pytest.approx(0.25)


def test_the_curves_that_ship_are_those_that_are_made() -> None:
    made = {
        f"{name}.json": make.text(items) for name, items in {**make.families(), "embedded": make.embedded()}.items()
    }
    assert {path.name: path.read_text() for path in CURVES.glob("*.json")} == made
    assert len(wide(load(CURVES))) == len(load(CURVES)) == sum(len(json.loads(text)) for text in made.values())


def test_the_staircase_has_its_steps_where_one_period_less_is_enough() -> None:
    duration = make.quota_staircase(0.0, 17.3, aligned=True)
    assert duration(make.VCPU_MB) == pytest.approx(17.3)
    assert 699 * duration(699) > 1.4 * 761 * duration(761)
    short = make.quota_staircase(0.0, 3.0, aligned=True)
    assert short(128) == pytest.approx(3.0)


@pytest.mark.long
def test_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--curves", str(CURVES / "embedded.json"), "--per-curve"]
    benchmark.main([*arguments, "--repeats", "1"])
    out = capsys.readouterr().out
    assert "all curves (3)" in out
    assert "io_bound, 5 sizes, best 128 MB" in out
    assert {line.split()[0] for line in out.splitlines() if "%" in line} >= set(benchmark.POLICIES)
    more = ["--repeats", "2", "--format", "json", "--policies", "grid-10,parrotfish", "--noise", "0"]
    benchmark.main([*arguments, *more])
    content = json.loads(capsys.readouterr().out)
    assert content["groups"]["all curves"]["grid-10"]["runs"] == 6
    assert content["per_curve"]["mixed"]["policies"]["parrotfish"]["runs"] == 2
    assert content["conditions"]["noise"] == 0.0


@pytest.mark.parametrize(
    "arguments",
    [["--policies", "magic"], ["--repeats", "0"], ["--noise", "-1"], ["--curves", "nowhere.json"]],
)
def test_bad_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        benchmark.main(arguments)
    assert "error:" in capsys.readouterr().err
