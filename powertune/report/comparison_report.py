"""Two runs side by side: as JSON, as Markdown, as a link, and as rows for a table."""

import json
from dataclasses import dataclass

from powertune.analysis import Comparison, Overall, Pair, RunComparison, analyze, compare_runs
from powertune.model import Configuration, Goal, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.report.markdown import escape
from powertune.report.visualizer import compare_url, render_visualizer
from powertune.units import format_ratio

SCHEMA = "powertune/comparison/1"
HEADERS = ("configuration", "duration", "", "cost", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRuns:
    """What is compared: two runs, or without a candidate the two architectures of one."""

    baseline: TuningRun
    candidate: TuningRun | None
    prices: PriceTable
    usage: Usage

    def comparison(self) -> RunComparison:
        """The differences, with intervals.

        Raises:
            UsageError: as `compare_runs`.
        """
        return compare_runs(self.baseline, self.candidate, self.prices, self.usage)


def rows(compared: RunComparison) -> tuple[tuple[str, ...], ...]:
    """For each pair, and for all together: a name, and a ratio and a verdict for duration and for cost."""
    named = [(_pair_name(compared, pair), pair) for pair in compared.pairs]
    everything: list[tuple[str, Pair | Overall]] = [*named]
    if compared.overall is not None and len(compared.pairs) > 1:
        everything.append(("overall", compared.overall))
    return tuple(
        (name, ratio(each.duration), each.verdicts[0], ratio(each.cost), each.verdicts[1])
        for name, each in everything
    )


def heading(compared: RunComparison) -> str:
    """What is compared with what."""
    before, after = compared.baseline, compared.candidate
    names = [f"{f.name}:{f.qualifier}" if f.qualifier else f.name for f in (before, after)]
    if names[0] == names[1] and compared.by_size and compared.pairs:
        first = compared.pairs[0]
        names = [f"{names[0]} {c.architecture}" for c in (first.baseline, first.candidate)]
    return f"{names[1]} compared with {names[0]}"


def footnotes(compared: RunComparison) -> tuple[str, ...]:
    """What to know for reading it."""
    notes = ["ratios are candidate / baseline, with intervals that hold together at 95 %"]
    if not compared.pairs:
        notes = ["no configuration was judged in both, so nothing can be compared"]
    if compared.by_curve:
        notes.append("searches are compared at their current and best sizes, by their curves")
    if compared.pairs and compared.functions_differ:
        names = f"{compared.baseline.name} and {compared.candidate.name}"
        notes.append(f"{names} are different functions, so there is no overall verdict")
    if compared.unpaired:
        notes.append(f"only in one of them: {', '.join(map(str, compared.unpaired))}")
    return tuple(notes)


def ratio(comparison: Comparison) -> str:
    """`0.83x [0.81, 0.85]`."""
    if comparison.ratio is None:
        return "-"
    if comparison.interval is None:
        return format_ratio(comparison.ratio)
    return f"{format_ratio(comparison.ratio)} [{comparison.interval[0]:.2f}, {comparison.interval[1]:.2f}]"


def render_comparison_json(runs: ComparedRuns) -> bytes:
    """The comparison for programs; what is not known is null."""
    compared = runs.comparison()
    document = {
        "schema": SCHEMA,
        "baseline": {"name": compared.baseline.name, "arn": compared.baseline.arn},
        "candidate": {"name": compared.candidate.name, "arn": compared.candidate.arn},
        "level": compared.level,
        "by_curve": compared.by_curve,
        "configurations": [
            {
                "baseline": _configuration(pair.baseline),
                "candidate": _configuration(pair.candidate),
                **_judged(pair),
            }
            for pair in compared.pairs
        ],
        "overall": None if compared.overall is None else _judged(compared.overall),
        "unpaired": [_configuration(configuration) for configuration in compared.unpaired],
    }
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def render_comparison_markdown(runs: ComparedRuns) -> bytes:
    """The comparison for a pull request."""
    compared = runs.comparison()
    lines = [
        f"### {escape(heading(compared))}",
        "",
        f"| {' | '.join(HEADERS)} |",
        "|---|---:|---|---:|---|",
        *(f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows(compared)),
        "",
        *(f"{escape(note)}." for note in footnotes(compared)),
    ]
    return ("\n".join(lines) + "\n").encode()


def render_comparison_visualizer(runs: ComparedRuns) -> bytes:
    """A link that draws also what cannot be runs: one run of one architecture, by itself."""
    baseline, *candidates = (
        analyze(run, runs.prices, Goal(), runs.usage) for run in (runs.baseline, runs.candidate) if run is not None
    )
    if not candidates:
        return render_visualizer(baseline)
    return f"{compare_url(baseline, *candidates) or '# nothing was judged in both'}\n".encode()


def _pair_name(compared: RunComparison, pair: Pair) -> str:
    return f"{pair.baseline.memory_mb} MB" if compared.by_size else str(pair.baseline)


def _configuration(configuration: Configuration) -> dict[str, object]:
    return {"memory_mb": configuration.memory_mb, "architecture": configuration.architecture.value}


def _judged(each: Pair | Overall) -> dict[str, object]:
    duration, cost = each.verdicts
    return {
        "duration_ratio": _comparison(each.duration, duration),
        "cost_ratio": _comparison(each.cost, cost),
    }


def _comparison(comparison: Comparison, verdict: str) -> dict[str, object]:
    interval = None if comparison.interval is None else [float(f"{end:.10g}") for end in comparison.interval]
    value = None if comparison.ratio is None else float(f"{comparison.ratio:.10g}")
    return {"value": value, "interval": interval, "verdict": verdict}
