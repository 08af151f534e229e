"""Two runs side by side: as JSON, as Markdown, and as rows for a table."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from powertune.analysis import Comparison, Contrast, Overall, Pair
from powertune.model import Configuration
from powertune.report.markdown import escape
from powertune.units import format_ratio

SCHEMA = "powertune/comparison/1"
HEADERS = ("configuration", "duration", "", "cost", "")


def rows(contrast: Contrast) -> tuple[tuple[str, ...], ...]:
    """For each pair, and for all together: a name, and a ratio and a verdict for duration and for cost."""
    named = [(_pair_name(contrast, pair), pair) for pair in contrast.pairs]
    everything: list[tuple[str, Pair | Overall]] = [*named]
    if contrast.overall is not None and len(contrast.pairs) > 1:
        everything.append(("overall", contrast.overall))
    return tuple(
        (name, ratio(each.duration), each.verdicts[0], ratio(each.cost), each.verdicts[1])
        for name, each in everything
    )


def heading(contrast: Contrast) -> str:
    """What is compared with what."""
    before, after = contrast.baseline, contrast.candidate
    names = [f"{f.name}:{f.qualifier}" if f.qualifier else f.name for f in (before, after)]
    if names[0] == names[1] and contrast.by_size and contrast.pairs:
        first = contrast.pairs[0]
        names = [f"{names[0]} {c.architecture}" for c in (first.baseline, first.candidate)]
    return f"{names[1]} compared with {names[0]}"


def footnotes(contrast: Contrast) -> tuple[str, ...]:
    """What to know for reading it."""
    notes = ["ratios are candidate / baseline, with intervals that hold together at 95 %"]
    if not contrast.pairs:
        notes = ["no configuration was judged in both, so nothing can be compared"]
    if contrast.unpaired:
        notes.append(f"only in one of them: {', '.join(map(str, contrast.unpaired))}")
    return tuple(notes)


def ratio(comparison: Comparison) -> str:
    """`0.83x [0.81, 0.85]`."""
    if comparison.ratio is None:
        return "-"
    if comparison.interval is None:
        return format_ratio(comparison.ratio)
    return f"{format_ratio(comparison.ratio)} [{comparison.interval[0]:.2f}, {comparison.interval[1]:.2f}]"


def render_contrast_json(contrast: Contrast) -> bytes:
    """The comparison for programs; what is not known is null."""
    document = {
        "schema": SCHEMA,
        "baseline": {"name": contrast.baseline.name, "arn": contrast.baseline.arn},
        "candidate": {"name": contrast.candidate.name, "arn": contrast.candidate.arn},
        "level": contrast.level,
        "configurations": [
            {
                "baseline": _configuration(pair.baseline),
                "candidate": _configuration(pair.candidate),
                **_judged(pair),
            }
            for pair in contrast.pairs
        ],
        "overall": None if contrast.overall is None else _judged(contrast.overall),
        "unpaired": [_configuration(configuration) for configuration in contrast.unpaired],
    }
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def render_contrast_markdown(contrast: Contrast) -> bytes:
    """The comparison for a pull request."""
    lines = [
        f"### {escape(heading(contrast))}",
        "",
        f"| {' | '.join(HEADERS)} |",
        "|---|---:|---|---:|---|",
        *(f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows(contrast)),
        "",
        *(f"{escape(note)}." for note in footnotes(contrast)),
    ]
    return ("\n".join(lines) + "\n").encode()


#: The formats of a comparison, by the name that --format takes; the command line adds the table.
CONTRAST_FORMATS: Mapping[str, Callable[[Contrast], bytes]] = MappingProxyType(
    {"json": render_contrast_json, "markdown": render_contrast_markdown}
)


def _pair_name(contrast: Contrast, pair: Pair) -> str:
    return f"{pair.baseline.memory_mb} MB" if contrast.by_size else str(pair.baseline)


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
