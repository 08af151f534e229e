"""How much longer a run takes than the critical path of AWS's own latencies, against a stub with fixed ones.

The critical path: the journal's alias; for each size in turn (AWS updates a function once at a time) the size in the
journal, the update until it has ended, and the version; the last version's alias, its cold start and its rounds; then
the aliases, the versions and the journal, each kind at once. The size that the function has is published last, which
puts $LATEST back without another update.

    python benchmarks/driver.py --search adaptive [--goal tolerance,cost] [--every 3] [--seeds 2] [--processes 2]

shows instead how long people wait for the answer of a search, beside the grid of six sizes with 10 invocations each.
Both are real runs against a simulated Lambda, in simulated time, whose functions follow the curves in
`benchmarks/curves`, at a speed at which an invocation of the current size, 1,024 MB, takes 200 ms. It takes 2 s to
update a function, 1 s to publish a version and 0.2 s for an alias: see `Latencies` for where these are from. What
powertune computes takes no time. Noise is that of `benchmarks/search.py`, and the same for the same invocation of a
size.

`answer` is the time until nothing more is measured, on average, its median and its 90th percentile, and `restored`
until the function is as it was found. `published` are versions, `units` all that was paid, in invocations at the
cheapest size. `loss` and `good` are those of `benchmarks/search.py`, about what the report recommends, which may be
to stay at the current size.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes import FakeLambda, RecordingObserver, fake_clients

from benchmarks.search_policies.curves import load, wide
from benchmarks.search_policies.goals import Aim
from benchmarks.wall_time.experiment import Way, compare, table
from powertune.aws.client import Aws
from powertune.aws.preflight import preflight
from powertune.aws.rate_limit import RateLimiter
from powertune.aws.target import AwsTarget
from powertune.config import RunOptions
from powertune.engine import direct
from powertune.measure import measure
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.search.policies import EXPLORERS

SIZES = (128, 256, 512, 1024, 1769, 3008)
INVOCATIONS, LANES = 20, 4
UPDATE_S, CHANGE_S, INVOKE_S = 0.8, 0.08, 0.2
BUDGET = 1.15
CURVES = Path(__file__).parent / "curves"
CHANGES = ("publish_version", "create_alias", "update_alias", "delete_alias", "delete_function")


def critical_path_s() -> float:
    publishing = (len(SIZES) - 1) * (CHANGE_S + UPDATE_S + CHANGE_S) + UPDATE_S + CHANGE_S
    rounds = (1 + INVOCATIONS / LANES) * INVOKE_S
    undoing = 3 * CHANGE_S
    return CHANGE_S + publishing + CHANGE_S + rounds + undoing


def run_s() -> tuple[float, float]:
    """Seconds that a run takes, and how often it updates the function per published size."""
    fake = FakeLambda(
        sleep=time.sleep,
        update_s=UPDATE_S,
        latency={**dict.fromkeys(CHANGES, CHANGE_S), "running": INVOKE_S},
    )
    fake.page_size, fake.logs.page_size, fake.logs.scan_size, fake.logs.wall = 50, 10_000, 10_000, time.time
    fake.add("fn", memory_mb=512)
    aws = Aws(
        clients=fake_clients(fake),
        region="us-east-1",
        limiter=RateLimiter(5.0, 10.0, clock=time.monotonic, sleep=time.sleep),
    )
    found = preflight(aws, FunctionRef(name="fn"), now=time.time())
    plan = direct.plan_for(
        aws,
        found,
        RunOptions(memory=SIZES, invocations=INVOCATIONS, environments=LANES),
        PriceTable.bundled().region("us-east-1"),
        run_id="benchmark",
    )
    target = AwsTarget(aws, plan, restore_command="", clock=time.time)
    started = time.perf_counter()
    run = measure(plan, target, RecordingObserver(), clock=time.time, sleep=time.sleep)
    took = time.perf_counter() - started
    executed = sum(len(m.invocations) for m in run.measurements)
    assert executed == len(SIZES) * (INVOCATIONS + LANES), executed
    return took, fake.calls.count("update_function_configuration") / fake.calls.count("publish_version")


def critical_path() -> None:
    ideal, (took, updates) = critical_path_s(), run_s()
    print(f"{len(SIZES)} sizes x {INVOCATIONS} invocations over {LANES} lanes")
    print(f"critical path {ideal:6.2f} s")
    print(f"the driver    {took:6.2f} s   {took / ideal:.3f} x (budget {BUDGET} x)")
    print(f"updates       {updates:6.2f} of the function per published size")


def waits(search: str, aims: list[Aim], *, every: int, seeds: int, processes: int) -> None:
    curves = wide(load(CURVES))[::every]
    print(f"{len(curves)} functions, {seeds} seeds\n")
    ways = [Way(search=each, isolate=isolate) for each in ("grid", search) for isolate in (False, True)]
    for aim in aims:
        print(table(aim, compare(curves, aim, ways, seeds=seeds, processes=processes)), end="\n\n", flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", choices=["grid", *EXPLORERS], default="grid")
    parser.add_argument("--goal", default="tolerance,cost", help=f"comma-separated, of {', '.join(Aim)}")
    parser.add_argument("--every", type=int, default=3, metavar="N", help="take every Nth curve")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    try:
        aims = [Aim(name) for name in options.goal.split(",")]
    except ValueError as error:
        parser.error(str(error))
    if min(options.every, options.seeds, options.processes) < 1:
        parser.error("--every, --seeds and --processes must be at least 1")
    if options.search == "grid":
        critical_path()
    else:
        waits(options.search, aims, every=options.every, seeds=options.seeds, processes=options.processes)


if __name__ == "__main__":
    main()
