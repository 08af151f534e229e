"""How well search policies find the best memory size, and what that costs, on functions with a known truth.

    python benchmarks/search.py [--curves FILE|DIR | --invocations FILE] [--half tune|test|all]
                                [--goal all|tolerance,cost,...] [--policies powertune,powertune@3%,grid-10,...]
                                [--arch x86_64|arm64|both] [--traffic 1e6] [--current 1024] [--publishing 4]
                                [--noise 0.08] [--lane-noise 0.03] [--outliers 0.02] [--init-ms 200]
                                [--repeats 20] [--seed 1] [--processes 2] [--per-function] [--format table|json]

With `--curves`, the truth between a curve's points is a monotone interpolation on logarithmic axes (PCHIP), in the
measured range. A function is simulated from it: lognormal noise per invocation, and per size and execution
environment; 2 % outliers of 1.5 to 3 times; the first invocation of an environment cold, with 200 ms of init that are
billed.

With `--invocations`, warm durations that were recorded on Lambda are replayed. An environment draws, with
replacement, from the durations of one recorded environment, or from all of a size where environments are not known.
Between sizes, the mean is interpolated as above, and the nearest size tells by what single durations differ from it.
A size at which 10 % or more of the invocations failed does not work, nor does any below it; there, recorded failures
are replayed. The invocation after a kill starts the runtime anew, unreported.

An invocation costs its whole billed milliseconds and its request in us-east-1. What a size truly costs is the mean
over all its warm invocations, outliers included. The goals are

    tolerance   the default: the fastest size that costs at most 5 % more than the cheapest. A pick is good if it
                costs at most 7 % more than the cheapest and is at most 10 % slower than the fastest size within 5 %.
                `excess cost` is that beyond the tolerance, `slowness` is against that fastest size.
    cost, speed, balanced
                the loss is the mean cost, duration, or geometric mean of both, over the best in range, minus 1
    p95         the cheapest size whose p95 is within a limit, which is half way (on a logarithmic axis) between the
                lowest p95 and that of the cheapest size. It counts as missed from 3 % on.

A pick at which the function fails counts as a loss of 1000 %, and among `fails`. `units` is all that was paid, in
invocations at the cheapest size. `exhausted` searches stopped although they were not sure enough. `holds` is the
share of stated 95 % intervals of the winner's cost that hold the truth. `P(best)` is the average stated probability
that no measured size is better, `was` the share of searches in which that was true, and `off by` how far the two are
apart, on average over tenths of the probability. `in ten` is in how many sizes ten searches of one function end, and
`agree` the share of functions of which they end in at most three, within 5 points of one loss.

With `--traffic` (per month), `year $` is what a year costs more than at the cheapest size, and the search. With
`--current`, a pick is what the report recommends, which may be to stay; `changes` is how often it is not, and `harms`
how often it is worse than to stay, by the goal. With `--publishing`, powertune's search is told that it takes so long
to publish a size, as on AWS, and half as long once a batch; it then proposes several tests at once.

Only functions that were measured over six times in memory are judged. Halves are split by source: see `curves.split`.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script's own directory is there, but not the one above

from benchmarks.search_policies.curves import DENSE, Half, load, split, wide
from benchmarks.search_policies.experiment import POLICIES, Results, Terms, policy, run
from benchmarks.search_policies.functions import Function
from benchmarks.search_policies.goals import Aim, Yardstick
from benchmarks.search_policies.recorded import load_invocations
from benchmarks.search_policies.scores import score
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from benchmarks.search_policies.tables import table
from powertune.model import Architecture

HERE = Path(__file__).parent
ARCHITECTURES = {**{each.value: (each,) for each in Architecture}, "both": tuple(Architecture)}


def groups(functions: Sequence[Function]) -> dict[str, list[Function]]:
    """All functions, and those of curves with many measured sizes, where there are such and others."""
    dense: list[Function] = [f for f in functions if isinstance(f, CurveFunction) and f.measured_sizes >= DENSE]
    found = {f"all functions ({len(functions)})": list(functions)}
    if 0 < len(dense) < len(functions):
        found[f"curves with {DENSE} or more measured sizes ({len(dense)})"] = dense
    return found


def tables(results: Results, functions: Sequence[Function], aim: Aim, terms: Terms, *, per_function: bool) -> str:
    """A table per group of functions, and per function if wanted."""
    wanted = groups(functions)
    if per_function:
        for function in functions:
            best = Yardstick(function, aim, terms.architectures).best
            wanted[f"{function.id}, best {best}: {function.title}"] = [function]
    parts = []
    for title, group in wanted.items():
        ids = [function.id for function in group]
        scores = {name: score({key: of[key] for key in ids}) for name, of in results.items()}
        parts.append(f"{aim}: {title}\n{table(aim, scores)}")
    return "\n\n".join(parts)


def document(results: Results, functions: Sequence[Function], aim: Aim, terms: Terms) -> dict[str, object]:
    """The same as JSON takes it, with the picks of every function."""
    return {
        "groups": {
            title: {
                name: score({function.id: of[function.id] for function in group}).document()
                for name, of in results.items()
            }
            for title, group in groups(functions).items()
        },
        "functions": {
            function.id: {
                "best": str(Yardstick(function, aim, terms.architectures).best),
                "policies": {
                    name: {
                        **score({function.id: of[function.id]}).document(),
                        "picks": [o.configuration and str(o.configuration) for o in of[function.id]],
                    }
                    for name, of in results.items()
                },
            }
            for function in functions
        },
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--curves", type=Path, default=HERE / "curves", metavar="FILE|DIR")
    source.add_argument("--invocations", type=Path, metavar="FILE")
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.ALL)
    parser.add_argument("--goal", default="all", help=f"comma-separated, of {', '.join(Aim)}")
    parser.add_argument("--policies", default=",".join(POLICIES), help="comma-separated")
    parser.add_argument("--arch", choices=list(ARCHITECTURES), default=Architecture.X86_64.value)
    parser.add_argument("--traffic", type=float, metavar="PER_MONTH")
    parser.add_argument("--current", type=int, metavar="MB")
    parser.add_argument("--publishing", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--noise", type=float, default=0.08)
    parser.add_argument("--lane-noise", type=float, default=0.03)
    parser.add_argument("--outliers", type=float, default=0.02, metavar="SHARE")
    parser.add_argument("--init-ms", type=float, default=200.0)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--per-function", action="store_true")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    return parser


def _functions(options: argparse.Namespace) -> tuple[Function, ...]:
    """Those to judge on; raises OSError and ValueError."""
    wanted = ARCHITECTURES[options.arch]
    if options.invocations is not None:
        found: tuple[Function, ...] = split(wide(load_invocations(options.invocations)), options.half)
    else:
        conditions = Conditions(
            noise=options.noise,
            lane_noise=options.lane_noise,
            outliers=options.outliers,
            init_ms=options.init_ms,
        )
        curves = split(wide(load(options.curves)), options.half)
        found = tuple(CurveFunction.of(curve, conditions) for curve in curves)
    found = tuple(function for function in found if set(wanted) <= set(function.landscapes))
    if not found:
        raise ValueError(f"no function on {options.arch} that was measured over six times in memory")
    return found


def _parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, tuple[Function, ...]]:
    parser = _parser()
    options = parser.parse_args(arguments)
    if min(options.repeats, options.processes) < 1:
        parser.error("--repeats and --processes must be at least 1")
    figures = (options.noise, options.lane_noise, options.outliers, options.init_ms, options.publishing)
    if min(*figures, options.seed, options.traffic or 0) < 0:
        parser.error("no figure may be below 0")
    if options.outliers > 1:
        parser.error("--outliers is a share of the invocations, at most 1")
    try:
        options.goals = list(Aim) if options.goal == "all" else [Aim(name) for name in options.goal.split(",")]
        options.policies = options.policies.split(",")
        for name in options.policies:
            policy(name)
        return options, _functions(options)
    except (OSError, ValueError) as error:
        parser.error(str(error))


def main(arguments: Sequence[str] | None = None) -> None:
    options, functions = _parse(arguments)
    terms = Terms(
        repeats=options.repeats,
        seed=options.seed,
        architectures=ARCHITECTURES[options.arch],
        traffic=options.traffic,
        current_mb=options.current,
        publishing_s=options.publishing,
    )
    source = options.invocations or options.curves
    simulated = (
        f", noise {options.noise:.0%}, between environments {options.lane_noise:.0%}, outliers {options.outliers:.0%}"
    )
    if options.format == "table":
        print(
            f"{source.name}, half: {options.half}, {len(functions)} functions, {options.repeats} repeats, "
            f"seed {options.seed}{'' if options.invocations else simulated}\n"
        )
    content = {}
    for aim in options.goals:
        results = run(options.policies, functions, aim, terms, processes=options.processes)
        if options.format == "table":
            print(tables(results, functions, aim, terms, per_function=options.per_function), end="\n\n", flush=True)
        content[aim.value] = document(results, functions, aim, terms)
    if options.format == "json":
        head = {"source": source.name, "half": options.half.value, "terms": asdict(terms)}
        print(json.dumps({**head, "goals": content}, indent=1))


if __name__ == "__main__":
    main()
