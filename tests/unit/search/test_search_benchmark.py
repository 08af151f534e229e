import json
import math
import re
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
from benchmarks.search_policies import Policy
from benchmarks.search_policies.adapter import drive
from benchmarks.search_policies.curves import Curve, Half, load, split, wide
from benchmarks.search_policies.experiment import POLICIES, Job, Terms, assign, policy
from benchmarks.search_policies.goals import X86_64, Aim, Assignment
from benchmarks.search_policies.grid import SIZES, FixedGrid, trimmed_mean
from benchmarks.search_policies.landscape import between, billed_cost, whole_sizes
from benchmarks.search_policies.parrotfish import Decay, Parrotfish, fit
from benchmarks.search_policies.sampler import Sampler
from benchmarks.search_policies.scores import Outcome
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from powertune.analysis import analyze
from powertune.model import (
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
from powertune.search import Stop, precision
from powertune.search.adaptive import stages
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


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=X86_64)


def simulated(curve: Curve, conditions: Conditions = QUIET) -> CurveFunction:
    return CurveFunction.of(curve, conditions)


def sampler(curve: Curve, conditions: Conditions = QUIET, seed: int = 1) -> Sampler:
    return Sampler(simulated(curve, conditions), (X86_64,), seed)


def pick(policy: Policy, function: Sampler, curve: Curve, aim: Aim = Aim.COST) -> int | None:
    """The size that a policy picks."""
    found = policy.run(function, asked(curve, aim)).configuration
    return None if found is None else found.memory_mb


def asked(curve: Curve, aim: Aim = Aim.COST) -> Assignment:
    return assign(simulated(curve), aim, Terms())[1]


curves = st.dictionaries(st.integers(128, 10_240), st.floats(0.5, 1e5), min_size=2, max_size=12).map(
    lambda points: make_curve(dict(sorted(points.items())))
)


@pytest.mark.long
@given(curve=curves)
def test_the_truth_goes_through_all_points_and_is_monotone_between_them(curve: Curve) -> None:
    durations = between(curve.points, whole_sizes(curve.smallest_mb, curve.largest_mb))
    for (left, start), (right, end) in zip(curve.points, curve.points[1:], strict=False):
        inside = durations[left - curve.smallest_mb : right + 1 - curve.smallest_mb]
        assert inside[[0, -1]] == pytest.approx([start, end])
        slack = 1e-9 * max(start, end)
        assert (np.diff(inside) >= -slack).all() if end >= start else (np.diff(inside) <= slack).all()


def test_a_power_law_is_interpolated_exactly() -> None:
    sizes = whole_sizes(128, 3008)
    assert between([(size, 1e6 / size) for size in (128, 200, 1024, 3008)], sizes) == pytest.approx(1e6 / sizes)


def test_costs_are_of_whole_milliseconds_and_the_request_at_every_size() -> None:
    land = simulated(cpu_bound()).landscapes[X86_64]
    prices = PriceTable.bundled().region("us-east-1")
    for memory_mb in (128, 700, 3008):
        duration = math.ceil(land.durations[land.at(memory_mb)])
        assert land.costs[land.at(memory_mb)] == pytest.approx(prices.invocation_cost(size(memory_mb), duration))
    assert len(land.sizes) == 3008 - 128 + 1
    with pytest.raises(ValueError, match="64 MB is outside the range from 128 to 3008 MB"):
        land.at(64)
    assert land.within(512, 1024).sizes.tolist() == list(range(512, 1025))


def test_up_to_an_infeasible_size_and_below_the_first_point_the_function_fails() -> None:
    land = simulated(cliff()).landscapes[X86_64]
    assert (land.sizes[0], land.durations[land.at(512)]) == (128, pytest.approx(900))
    below = slice(0, land.at(512))
    assert all(np.isinf(each[below]).all() for each in (land.durations, land.costs, land.p95s))
    failed = sampler(cliff()).invoke(size(256))
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


def test_every_paid_millisecond_is_counted() -> None:
    function = sampler(cpu_bound())
    cold, warm, other_lane = function.invoke(size(512)), function.invoke(size(512)), function.invoke(size(1024), 3)
    assert (cold.init_ms, warm.init_ms, other_lane.init_ms) == (200.0, None, 200.0)
    assert (cold.billed_ms, warm.billed_ms, other_lane.billed_ms) == (1000, 800, 800)
    paid = billed_cost(size(512), 1000) + billed_cost(size(512), 800) + billed_cost(size(1024), 800)
    assert function.spent_usd == pytest.approx(paid)
    assert function.invocations == 3
    assert function.configurations == {size(512), size(1024)}
    with pytest.raises(ValueError, match="outside the range"):
        function.invoke(size(64))


def test_the_runtime_starts_anew_in_the_invocation_after_a_kill() -> None:
    function = sampler(cliff())
    killed = [function.invoke(size(256)) for _ in range(2)]
    assert [each.init_ms for each in killed] == [200.0, None]
    assert (killed[1].duration_ms or 0) - (killed[0].duration_ms or 0) == pytest.approx(200.0)


def test_the_noise_is_as_asked_for_and_seeded() -> None:
    conditions = Conditions(noise=0.18, lane_noise=0.06, outliers=0.0)
    flat = simulated(make_curve({128: 1e5, 1024: 1e5}), conditions)
    function = Sampler(flat, (X86_64,), 1)
    one_lane = [function.invoke(size(128)).duration_ms or 0.0 for _ in range(4000)]
    many_lanes = [function.invoke(size(256), lane).duration_ms or 0.0 for lane in range(4000)]
    assert np.std(one_lane) / np.mean(one_lane) == pytest.approx(0.18, rel=0.1)
    assert np.std(many_lanes) / np.mean(many_lanes) == pytest.approx(math.hypot(0.18, 0.06), rel=0.1)
    assert np.mean(many_lanes) == pytest.approx(1e5, rel=0.02)
    assert np.quantile(many_lanes, 0.95) == pytest.approx(flat.landscapes[X86_64].p95s[0], rel=0.02)
    again = Sampler(flat, (X86_64,), 1)
    assert [again.invoke(size(128)).duration_ms for _ in range(4000)] == one_lane
    assert Sampler(flat, (X86_64,), 1, repeat=1).invoke(size(128)).duration_ms != one_lane[0]


def test_the_true_cost_is_what_invocations_cost_on_average() -> None:
    noisy = simulated(make_curve({128: 2.4, 1024: 1.4}), Conditions(noise=0.3))
    function = Sampler(noisy, (X86_64,), 1)
    bills = [
        billed_cost(size(128), function.invoke(size(128), lane).billed_ms or 0)
        for lane in range(4000)
        for _ in range(2)
    ]
    assert np.mean(bills[1::2]) == pytest.approx(noisy.landscapes[X86_64].costs[0], rel=0.01)


def test_the_grid_measures_its_sizes_and_picks_the_cheapest() -> None:
    function = sampler(cpu_bound())
    assert pick(FixedGrid(invocations=10), function, cpu_bound()) == 512
    assert function.invocations == 60
    assert function.configurations == set(map(size, SIZES))
    assert trimmed_mean([1.0, 100.0, 2.0, 3.0, 0.0]) == 2.0
    assert trimmed_mean([1.0, 3.0]) == 2.0


@pytest.mark.parametrize(
    ("aim", "picked"),
    [(Aim.COST, 512), (Aim.SPEED, 3008), (Aim.TOLERANCE, 512), (Aim.BALANCED, 512), (Aim.P95, 1024)],
)
def test_what_a_grid_measured_is_read_by_the_goal(aim: Aim, picked: int) -> None:
    """The lowest p95 is 580 ms and that of the cheapest size 800, so that the limit is 681 ms.

    The cold first invocation is among the ten, but its init is not in its duration.
    """
    assert pick(FixedGrid(invocations=10), sampler(cpu_bound()), cpu_bound(), aim) == picked


def test_the_grid_stays_in_range_and_leaves_out_what_fails() -> None:
    steps = make_curve({512: 600.0, 700: 580.0, 2048: 560.0}, infeasible=(300,))
    function = sampler(steps)
    assert pick(FixedGrid(invocations=10), function, steps) == 512
    assert function.configurations == set(map(size, (300, 512, 1024, 1536, 2048)))
    assert function.invocations == 41
    too_small = make_curve({4000: 1.0, 9000: 1.0}, infeasible=(3900,))
    assert pick(FixedGrid(invocations=10), sampler(too_small), too_small) is None


def test_parrotfish_fits_the_curve_that_it_assumes() -> None:
    sizes = np.repeat([128.0, 400.0, 1089.0, 3008.0], 4)
    durations = 600 + 4000 * np.exp(-sizes / 300)
    assert fit(sizes, durations).at(sizes) == pytest.approx(durations, rel=1e-3)


def test_the_fit_of_parrotfish_is_a_local_one() -> None:
    """As its program does, it starts at a tenth of the first duration. Without one to start from, nothing falls."""
    sizes = np.repeat([128.0, 1089.0, 3008.0], 4)
    durations = np.repeat([9.0, 4.0, 3.0], 4)
    flat = fit(sizes, durations)
    assert flat.at(sizes) == pytest.approx(np.full(12, durations.mean()))
    better = fit(sizes, durations, Decay(3.0, 8.0, 500.0))
    assert np.abs(better.at(sizes) - durations).max() < 0.1


def test_parrotfish_warms_up_four_lanes_at_each_end_and_at_a_third() -> None:
    flat = make_curve({128: 100.0, 3008: 100.0})
    function = sampler(flat)
    assert pick(Parrotfish(), function, flat) == 128
    assert {*map(size, (128, 1089, 3008))} <= function.configurations
    assert function.invocations == 8 * len(function.configurations)


def test_parrotfish_repeats_what_is_not_steady() -> None:
    flat = make_curve({128: 100.0, 3008: 100.0})
    noisy = sampler(flat, Conditions(noise=0.3))
    pick(Parrotfish(), noisy, flat)
    assert noisy.invocations > 8 * len(noisy.configurations)


def test_parrotfish_takes_the_fastest_size_within_a_tolerance_and_has_no_other_goal() -> None:
    function, curve = sampler(cpu_bound()), cpu_bound()
    assert (pick(Parrotfish(), function, curve) or 0) < (pick(Parrotfish(), function, curve, Aim.TOLERANCE) or 0)
    assert [aim for aim in Aim if Parrotfish().takes(asked(curve, aim))] == [Aim.TOLERANCE, Aim.COST]
    assert Job(name="parrotfish", function=simulated(curve), aim=Aim.SPEED, terms=Terms()).run() is None


@pytest.mark.long
def test_parrotfish_takes_a_killed_function_for_a_fast_one_unless_it_gives_itself_away() -> None:
    picks = [pick(Parrotfish(), sampler(cliff(), seed=seed), cliff()) or 0 for seed in range(30)]
    assert 0 < min(filter(None, picks)) < 512 <= max(picks)


def test_a_search_is_driven_until_it_stops() -> None:
    grid = Grid(configurations=(size(128), size(512), size(1024)), invocations=10, lanes=4)
    function, failing = sampler(cpu_bound()), sampler(cliff())
    measured, stop = drive(grid, function.invoke)
    assert (set(measured), stop.reason) == ({size(128), size(512), size(1024)}, "complete")
    assert function.invocations == 3 * (4 + 10)
    drive(grid, failing.invoke)
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
        return function.invoke(configuration, lane)

    measured, _ = drive(search, invoke, lanes=3)
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
        drive(Endless(), sampler(cpu_bound()).invoke)


def run(name: str, curve: Curve, terms: Terms, aim: Aim = Aim.COST, conditions: Conditions = QUIET) -> list[Outcome]:
    """All outcomes of a policy."""
    found = Job(name=name, function=simulated(curve, conditions), aim=aim, terms=terms).run()
    assert found is not None
    return found


def test_the_search_of_powertune_is_judged_with_what_it_states() -> None:
    (outcome,) = run("powertune", cpu_bound(), Terms(repeats=1))
    assert outcome.verdict.loss < 0.1
    assert outcome.invocations < 60
    assert (outcome.covered, outcome.exhausted) != (None, None)
    assert 0 <= (outcome.p_best or 0.0) <= 1
    hardly_works = make_curve({3007: 1.0, 3008: 1.0}, infeasible=(3006,))
    (failed,) = run("powertune", hardly_works, Terms(repeats=1))
    assert (failed.configuration, failed.p_best, failed.exhausted) == (None, None, None)


@pytest.mark.long
def test_a_search_may_stop_at_another_loss_and_leaves_the_default_as_it_was() -> None:
    noisy = Conditions()
    early, late = (
        sum(each.invocations for each in run(f"powertune@{at}%", cpu_bound(), Terms(repeats=3), conditions=noisy))
        for at in (20, 1)
    )
    assert early < late
    assert {vars(module)["PRECISION"] for module in (precision, stages)} == {0.066}
    for name in ("magic", "powertune@", "powertune@0%", "powertune@none", "grid-10@3%"):
        with pytest.raises(ValueError, match="no policy"):
            policy(name)


def test_traffic_is_told_to_the_search_and_turns_losses_into_money() -> None:
    (outcome,) = run("grid-10", cpu_bound(), Terms(repeats=1, traffic=1e6))
    cheapest = assign(simulated(cpu_bound()), Aim.COST, Terms())[0].cheapest_usd
    wanted = 12e6 * outcome.verdict.loss * cheapest + outcome.exploration * cheapest
    assert outcome.year_usd == pytest.approx(wanted)
    assert run("powertune", cpu_bound(), Terms(repeats=1))[0].year_usd is None
    _, assignment = assign(simulated(cpu_bound()), Aim.COST, Terms(traffic=1e6))
    assert assignment.traffic == 1e6


@pytest.mark.long
def test_a_current_size_is_kept_unless_a_change_is_proven_to_help() -> None:
    (outcome,) = run("powertune", cpu_bound(), Terms(repeats=1, current_mb=3008))
    assert (outcome.changed, outcome.harmed) == (True, False)
    flat = make_curve({128: 1e3, 1024: 130.0, 3008: 44.0})
    kept = run("powertune", flat, Terms(repeats=3, current_mb=1024), conditions=Conditions(noise=0.3))
    assert not all(each.changed for each in kept)
    _, assignment = assign(simulated(cliff()), Aim.COST, Terms(current_mb=128))
    assert assignment.current == size(512)


def test_what_a_grid_says_of_sizes_between_its_own() -> None:
    """From 256 to 1024 MB duration times size is the same; 128 MB is too small."""
    durations = {256: 400.0, 1024: 100.0, 2048: 100.0}
    works = [make_measurement(memory_mb=mb, durations=[ms] * 4) for mb, ms in durations.items()]
    fails = make_measurement(memory_mb=128, durations=[1.0], status=Status.OUT_OF_MEMORY)
    analysis = analyze(make_run(measurements=[fails, *works]), PriceTable.bundled(), Goal(strategy=Strategy.COST))
    grid = Yardstick(Tuned(analysis=analysis, wall_s=1.0))
    assert grid.optimum.memory_mb in (256, 1024)
    assert grid.cost(size(512)) == pytest.approx(billed_cost(size(512), 200.0))
    assert grid.regret(size(512)) == pytest.approx(0.0, abs=1e-9)
    assert grid.regret(size(2048)) == pytest.approx(
        billed_cost(size(2048), 100.0) / billed_cost(size(1024), 100.0) - 1
    )
    assert math.isinf(grid.cost(size(128)))


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
    arguments = ["--curves", str(CURVES / "embedded.json"), "--processes", "1"]
    benchmark.main([*arguments, "--repeats", "1", "--per-function"])
    out = capsys.readouterr().out
    assert re.findall(r"^(\w+): all functions \(3\)", out, re.MULTILINE) == list(Aim)
    assert "cost: io_bound, best 128 MB" in out
    assert {line.split()[0] for line in out.splitlines() if "%" in line} >= set(POLICIES)
    more = ["--repeats", "2", "--format", "json", "--policies", "grid-10,parrotfish", "--goal", "cost"]
    benchmark.main([*arguments, *more])
    content = json.loads(capsys.readouterr().out)
    assert content["goals"]["cost"]["groups"]["all functions (3)"]["grid-10"]["runs"] == 6
    picks = content["goals"]["cost"]["functions"]["mixed"]["policies"]["parrotfish"]["picks"]
    assert len(picks) == 2
    benchmark.main([*arguments[:2], "--processes", "2", *more])
    assert json.loads(capsys.readouterr().out) == content


@pytest.mark.parametrize(
    "arguments",
    [
        ["--policies", "magic"],
        ["--goal", "magic"],
        ["--repeats", "0"],
        ["--noise", "-1"],
        ["--outliers", "1.1"],
        ["--traffic", "-1"],
        ["--curves", str(CURVES / "embedded.json"), "--arch", "both"],
        ["--curves", "nowhere.json"],
        ["--invocations", "nowhere.json"],
        ["--curves", "a.json", "--invocations", "b.json"],
    ],
)
def test_bad_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        benchmark.main(arguments)
    assert "error:" in capsys.readouterr().err
