"""How well search policies find the cheapest memory size, and what that costs, on curves with a known truth.

    python benchmarks/search.py [--curves FILE|DIR] [--noise 0.08] [--lane-noise 0.03] [--repeats 20] [--seed 1]
                                [--half tune|test|all] [--policies grid-10,...] [--per-curve] [--format table|json]

The truth between a curve's points is a monotone interpolation on logarithmic axes (PCHIP), in the measured range. A
function is simulated from it: lognormal noise per invocation, and per size and execution environment; 2 % outliers of
1.5 to 3 times; the first invocation of an environment cold, with 200 ms of init that are billed. An invocation costs
its GB-seconds and its request in us-east-1 on x86_64.

Regret is the true cost at the pick over the best true cost in range, minus 1; a pick at which the function fails
counts as 10, and among `fails`. Exploration is all that was paid, warm-ups included, in units of one invocation at
the optimum. `holds` is the share of stated 95 % intervals of the winner's cost that hold the truth (outliers and
whole milliseconds included). `P(best)` is the average stated probability that no measured size is cheaper, and `was`
the share of searches in which that was true.

Only curves that span six times in memory are judged. Halves are split by source: see `truth.split`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script's own directory is there, but not the one above

from benchmarks.search_policies import Policy
from benchmarks.search_policies.adapter import Searched, make_search
from benchmarks.search_policies.grid import FixedGrid
from benchmarks.search_policies.parrotfish import Parrotfish
from benchmarks.search_policies.scores import Outcome, Scores, judge, score
from benchmarks.search_policies.simulation import Bill, Conditions
from benchmarks.search_policies.truth import DENSE, Curve, Half, Truth, load, split, wide

HERE = Path(__file__).parent
POLICIES: Mapping[str, Callable[[], Policy]] = {
    "powertune": lambda: Searched(make=make_search),
    "grid-10": lambda: FixedGrid(invocations=10),
    "grid-50": lambda: FixedGrid(invocations=50),
    "parrotfish": Parrotfish,
}
#: Outcomes by policy, then by curve.
Results = Mapping[str, Mapping[Curve, Sequence[Outcome]]]
_HEAD = (
    "policy       regret: mean  median    p90   <=5%  <=10%  fails  "
    "invocations  sizes  exploration  holds  P(best)    was"
)


def run(
    policies: Iterable[str], curves: Iterable[Curve], conditions: Conditions, *, repeats: int, seed: int
) -> Results:
    """Run every policy on every curve, `repeats` times."""
    bill = Bill(conditions)
    truths = [Truth(curve) for curve in curves]
    return {
        name: {
            truth.curve: [
                judge(POLICIES[name](), truth, conditions, bill, seed=seed, repeat=repeat)
                for repeat in range(repeats)
            ]
            for truth in truths
        }
        for name in policies
    }


def groups(results: Results) -> dict[str, dict[str, Scores]]:
    """The scores of each policy over all curves, and over those with many measured sizes."""
    wanted: dict[str, Callable[[Curve], bool]] = {
        "all curves": lambda _: True,
        f"curves with {DENSE} or more measured sizes": lambda curve: len(curve.points) >= DENSE,
    }
    return {
        title: {
            name: score(outcomes)
            for name, by_curve in results.items()
            if (outcomes := [o for curve, items in by_curve.items() if belongs(curve) for o in items])
        }
        for title, belongs in wanted.items()
    }


def table(results: Results, *, per_curve: bool) -> str:
    """Groups of curves, and each curve if wanted, with a line per policy."""
    parts = []
    for title, scores in groups(results).items():
        curves = {c for items in results.values() for c in items if title == "all curves" or len(c.points) >= DENSE}
        parts.append(f"{title} ({len(curves)})\n{_lines(scores)}" if curves else f"{title}: none")
    if per_curve:
        for curve in next(iter(results.values()), {}):
            truth = Truth(curve)
            title = f"{curve.id}, {len(curve.points)} sizes, best {truth.optimum_mb} MB: {curve.note or curve.source}"
            parts.append(f"{title}\n{_lines({name: score(items[curve]) for name, items in results.items()})}")
    return "\n\n".join(parts)


def _lines(scores: Mapping[str, Scores]) -> str:
    return "\n".join([_HEAD, *(_line(name, of) for name, of in scores.items())])


def _line(name: str, of: Scores) -> str:
    stated = (_share(of.coverage), _share(of.p_best), _share(of.was_best))
    return (
        f"{name:12} {of.mean_regret:12.1%}  {of.median_regret:6.1%}  {of.p90_regret:5.1%}  {of.within_5:5.0%}  "
        f"{of.within_10:5.0%}  {of.failures:5.0%}  {of.invocations:11.1f}  {of.sizes:5.1f}  {of.exploration:11.1f}  "
        f"{stated[0]:>5}  {stated[1]:>7}  {stated[2]:>5}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def document(results: Results, options: argparse.Namespace, conditions: Conditions) -> dict[str, object]:
    """The same as JSON takes it."""
    content: dict[str, object] = {
        "curves": str(options.curves),
        "half": str(options.half),
        "repeats": options.repeats,
        "seed": options.seed,
        "conditions": asdict(conditions),
        "groups": {
            title: {name: of.document() for name, of in scores.items()} for title, scores in groups(results).items()
        },
    }
    if options.per_curve:
        content["per_curve"] = {
            curve.id: {
                "source": curve.source,
                "measured_sizes": len(curve.points),
                "optimum_mb": Truth(curve).optimum_mb,
                "policies": {
                    name: {**score(items[curve]).document(), "picks": [o.memory_mb for o in items[curve]]}
                    for name, items in results.items()
                },
            }
            for curve in next(iter(results.values()), {})
        }
    return content


def _parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, tuple[Curve, ...]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, default=HERE / "curves", metavar="FILE|DIR")
    parser.add_argument("--noise", type=float, default=0.08)
    parser.add_argument("--lane-noise", type=float, default=0.03)
    parser.add_argument("--init-ms", type=float, default=200.0)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.ALL)
    parser.add_argument("--policies", default=",".join(POLICIES), help="comma-separated")
    parser.add_argument("--per-curve", action="store_true")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args(arguments)
    options.policies = options.policies.split(",")
    if unknown := [name for name in options.policies if name not in POLICIES]:
        parser.error(f"no policy {unknown[0]!r}; there are {', '.join(POLICIES)}")
    if options.repeats < 1 or min(options.noise, options.lane_noise, options.init_ms, options.seed) < 0:
        parser.error("--repeats must be at least 1, and no other figure below 0")
    try:
        curves = split(wide(load(options.curves)), options.half)
    except (OSError, ValueError) as error:
        parser.error(f"cannot read --curves: {error}")
    if not curves:
        parser.error(f"{options.curves} has no curve that spans six times in memory")
    return options, curves


def main(arguments: Sequence[str] | None = None) -> None:
    options, curves = _parse(arguments)
    conditions = Conditions(noise=options.noise, lane_noise=options.lane_noise, init_ms=options.init_ms)
    results = run(options.policies, curves, conditions, repeats=options.repeats, seed=options.seed)
    if options.format == "json":
        print(json.dumps(document(results, options, conditions), indent=1))
        return
    families = len({curve.family for curve in curves})
    print(
        f"{len(curves)} curves of {families} sources ({options.half}), {options.repeats} repeats, "
        f"noise {options.noise:.0%}, between environments {options.lane_noise:.0%}, seed {options.seed}\n"
    )
    print(table(results, per_curve=options.per_curve))


if __name__ == "__main__":
    main()
