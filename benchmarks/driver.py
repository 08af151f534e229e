"""How much longer a run takes than the critical path of AWS's own latencies, against a stub with fixed ones.

The critical path: the journal's alias; for each size in turn (AWS updates a function once at a time) the size in the
journal, the update until it has ended, and the version; the last version's alias, its cold start and its rounds; then
the aliases, the versions and the journal, each kind at once. The size that the function has is published last, which
puts $LATEST back without another update.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes import FakeLambda, RecordingObserver, fake_clients

from powertune.aws.client import Aws
from powertune.aws.preflight import preflight
from powertune.aws.rate_limit import RateLimiter
from powertune.aws.target import AwsTarget
from powertune.config import RunOptions
from powertune.engine import direct
from powertune.measure import measure
from powertune.model import FunctionRef
from powertune.prices import PriceTable

SIZES = (128, 256, 512, 1024, 1769, 3008)
INVOCATIONS, LANES = 20, 4
UPDATE_S, CHANGE_S, INVOKE_S = 0.8, 0.08, 0.2
BUDGET = 1.15
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


def main() -> None:
    ideal, (took, updates) = critical_path_s(), run_s()
    print(f"{len(SIZES)} sizes x {INVOCATIONS} invocations over {LANES} lanes")
    print(f"critical path {ideal:6.2f} s")
    print(f"the driver    {took:6.2f} s   {took / ideal:.3f} x (budget {BUDGET} x)")
    print(f"updates       {updates:6.2f} of the function per published size")


if __name__ == "__main__":
    main()
