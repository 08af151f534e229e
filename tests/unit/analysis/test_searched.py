"""What is recommended after a search, and what it rules out."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from factories import (
    make_analysis,
    make_configuration,
    make_function,
    make_invocation,
    make_measurement,
    make_prices,
    make_run,
)

from powertune.analysis import Analysis, Outcome, Recommendation
from powertune.model import Architecture, Configuration, Exploration, Goal, Limit, Measurement, Statistic, Strategy
from powertune.report import RUN
from powertune.report.html.choice import candidates
from powertune.report.report_text import write_report_text
from powertune.report.wording import headline

X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
COST, SPEED = Goal(strategy=Strategy.COST), Goal(strategy=Strategy.SPEED)


def sized(
    memory_mb: int,
    mean: float,
    *,
    n: int = 6,
    spread: float = 0.03,
    seed: int = 1,
    architecture: Architecture = X86_64,
) -> Measurement:
    """Durations whose mean is exact."""
    noise = np.random.default_rng((memory_mb, seed)).lognormal(0, spread, n)
    durations = [float(value) for value in mean * noise / noise.mean()]
    return make_measurement(memory_mb=memory_mb, architecture=architecture, durations=durations)


def explored(
    *measurements: Measurement, goal: Goal = COST, current: Configuration | None = None, **exploration: object
) -> Analysis:
    """The analysis of a search that has measured this, of a function with a `current` configuration."""
    now = current or make_configuration(512)
    search = Exploration(smallest_mb=128, largest_mb=3008, architectures=(X86_64,), current=now, goal=goal)
    search = dataclasses.replace(search, **exploration)  # type: ignore[arg-type]
    return make_analysis(
        *measurements,
        design=dataclasses.replace(make_run(measurements=list(measurements)).design, search=search),
        # Without a fee per request, half the duration at twice the memory costs the same.
        prices=make_prices(request=0.0),
        goal=goal,
        function=make_function(memory_mb=now.memory_mb, architecture=now.architecture),
    )


def answered(analysis: Analysis) -> Recommendation:
    assert analysis.recommendation is not None
    return analysis.recommendation


@pytest.mark.parametrize(
    ("sizes", "current_mb", "chosen_mb", "reason"),
    [
        # In proportion to the memory, every size costs the same: the current one is kept, odd as it is.
        ((300, 512), 300, 300, "it is the current configuration"),
        # Then a usual size is preferred, then a multiple of 64, whichever the noise makes the cheapest.
        ((290, 405, 512), 3008, 512, "and a more usual size"),
        ((290, 405, 576), 3008, 576, "and a more usual size"),
    ],
)
def test_of_sizes_that_cost_the_same_the_round_one_is_preferred(
    sizes: tuple[int, ...], current_mb: int, chosen_mb: int, reason: str
) -> None:
    # The round one is the most expensive by a trifle, and the fastest: nothing dominates it.
    runs = [sized(mb, 512_000 / mb * (1.002 if mb == max(sizes) else 1), spread=0.08, n=12) for mb in sizes]
    slow = [] if current_mb in sizes else [sized(current_mb, 512_000 / 1769, n=4)]
    recommendation = answered(explored(*runs, *slow, current=make_configuration(current_mb)))
    assert recommendation.configuration == make_configuration(chosen_mb)
    assert reason in " ".join(recommendation.reasons)


def test_the_current_size_is_not_called_a_more_usual_one() -> None:
    reasons = []
    for seed in range(8):
        means = {256: 2000.0, 300: 1.004 * 512_000 / 300, 512: 1000.0}
        runs = [sized(mb, mean, spread=0.08, seed=seed, n=12) for mb, mean in means.items()]
        recommendation = answered(explored(*runs, current=make_configuration(300)))
        assert recommendation.configuration == make_configuration(300)
        reasons.append(recommendation.reasons[0])
    assert any("within the noise, and the current size" in reason for reason in reasons)
    assert not any("usual" in reason for reason in reasons)


def test_an_odd_size_wins_where_it_is_better() -> None:
    runs = [sized(290, 1000, n=40), sized(512, 1000, n=40), sized(1024, 1000, n=40)]
    recommendation = answered(explored(*runs, current=make_configuration(1024)))
    assert recommendation.configuration == make_configuration(290)


@pytest.mark.parametrize("strategy", [Strategy.SPEED, Strategy.BALANCED])
def test_of_sizes_that_are_as_fast_the_cheapest_is_recommended(strategy: Strategy) -> None:
    for seed in range(16):
        sizes = [sized(mb, 1000, spread=0.05, seed=seed) for mb in (256, 512, 1024, 1769)]
        analysis = explored(*sizes, goal=Goal(strategy=strategy), current=make_configuration(1769))
        assert analysis.searched is not None
        chosen = analysis.candidate
        assert chosen is not None
        own = analysis.profile(analysis.searched.answer.configuration)
        mine = analysis.profile(chosen)
        assert own is not None and own.cost is not None  # noqa: PT018
        assert mine is not None and mine.cost is not None  # noqa: PT018
        assert mine.cost.mean <= 1.03 * own.cost.mean


def test_a_size_beyond_the_tolerance_is_not_as_good() -> None:
    sizes = [sized(mb, 1000 * max(1.0, 1769 / mb), n=12) for mb in (512, 1024, 1769, 3008)]
    recommendation = answered(explored(*sizes, goal=Goal()))
    assert make_configuration(3008) not in recommendation.equivalent


def full(memory_mb: int, *, used: int, cheap: bool = False) -> Measurement:
    durations = [50.0, 51.0, 50.5] if cheap else [500.0, 510.0, 505.0]
    return make_measurement(memory_mb=memory_mb, durations=durations, max_memory_used_mb=used)


def test_a_size_that_is_ruled_out_says_why_and_is_no_contender() -> None:
    # An emulator may let a function use more memory than its size.
    analysis = explored(full(128, used=443), full(512, used=443), full(1024, used=443))
    assert answered(analysis).configuration == make_configuration(512)
    profile = analysis.profile(make_configuration(128))
    assert profile is not None
    assert profile.ruled_out == "memory is full: 443 MB used of 128 MB"
    assert (profile.cheapest, profile.fastest, profile.pareto, profile.unmet) == (None, None, False, ())
    assert "memory is full: 443 MB used of 128 MB" in RUN.render(analysis, "markdown").decode()
    marked = [each.configuration.memory_mb for each in analysis.profiles if each.cheapest is not None]
    assert marked == [512]
    assert any(each.fastest is not None for each in analysis.profiles)


def test_a_limit_that_only_a_ruled_out_size_meets_is_met_by_none() -> None:
    small = full(128, used=127, cheap=True)
    goal = Goal(strategy=Strategy.COST, max_duration=Limit(statistic=Statistic.MEAN, at_most_ms=100.0))
    analysis = explored(small, full(512, used=127), full(1024, used=127), goal=goal)
    assert analysis.outcome is Outcome.IMPOSSIBLE
    assert analysis.nearest in (make_configuration(512), make_configuration(1024))


@pytest.mark.parametrize(
    ("current", "exploration", "why"),
    [
        (make_configuration(512), {"architectures": (ARM64,)}, "x86_64 was not searched"),
        (make_configuration(2048), {"largest_mb": 1024}, "only 128 to 1,024 MB were searched"),
    ],
)
def test_a_current_size_that_was_measured_but_not_searched_may_be_stayed_with(
    current: Configuration, exploration: dict[str, Any], why: str
) -> None:
    architecture = ARM64 if "architectures" in exploration else X86_64
    sizes = [sized(mb, 600_000 / mb, architecture=architecture, spread=0.08) for mb in (256, 512, 1024)]
    now = sized(current.memory_mb, 500_000 / current.memory_mb)
    analysis = explored(*sizes, now, current=current, **exploration)
    recommendation = answered(analysis)
    assert recommendation.configuration == current
    assert recommendation.unproven is not None
    assert headline(analysis).startswith(f"Stay at {current}")
    profile = analysis.profile(current)
    assert profile is not None
    assert profile.ruled_out == why


def test_a_size_without_each_payload_is_not_called_too_small() -> None:
    durations = [500.0, 510.0, 505.0, 500.0]
    both = [
        make_measurement(
            memory_mb=mb,
            others=[make_invocation(duration_ms=ms, memory_mb=mb, payload=n % 2) for n, ms in enumerate(durations)],
        )
        for mb in (256, 1024)
    ]
    one = make_measurement(memory_mb=512, durations=durations)
    analysis = explored(*both, one, weights=(1, 1), current=make_configuration(256))
    profile = analysis.profile(make_configuration(512))
    assert profile is not None
    assert profile.ruled_out == "without a warm invocation of each payload"


def test_a_single_invocation_is_no_evidence_after_a_search_either() -> None:
    single = [sized(256, 1000, n=1), sized(512, 1000), sized(1024, 1000)]
    analysis = explored(*single)
    assert answered(analysis).configuration == make_configuration(512)
    offered = [entry["name"] for entry in candidates(write_report_text(analysis))]
    assert offered == ["512 MB x86_64", "1024 MB x86_64"]


def test_durations_of_nothing_are_billed_as_they_are() -> None:
    sizes = [
        make_measurement(
            memory_mb=mb, others=[make_invocation(duration_ms=0.0, billed_ms=1, memory_mb=mb) for _ in range(4)]
        )
        for mb in (128, 512, 1024)
    ]
    analysis = explored(*sizes, goal=SPEED)
    for profile in analysis.profiles:
        assert profile.billed_ms_mean == 1.0
        assert profile.duration is not None
        assert profile.duration.mean == 0.0


def test_a_flat_curve_tells_the_means_of_the_table() -> None:
    analysis = explored(*[sized(mb, 500, spread=0.02, n=8) for mb in (128, 512, 1769)])
    flat = next(advisory for advisory in analysis.advisories if advisory.code == "flat")
    rows = write_report_text(analysis).rows
    for row in (rows[0], rows[-1]):
        assert row.duration_interval.partition(" [")[0] in flat.message
