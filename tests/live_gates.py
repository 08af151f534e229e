"""Gates that measure, against a fake Lambda whose versions take as long as a test says."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes import FakeClock, FakeLambda, answer, fake_aws, report_text

from powertune.aws.client import Aws
from powertune.config import RunOptions
from powertune.engine.gate_plan import LiveFunction, LivePair, PlannedGate, plan_gate
from powertune.model import FunctionRef, Invocation, TuningRun
from powertune.prices import PriceTable

PRICES = PriceTable.bundled()
ENVIRONMENTS = 8


class FakeAccess:
    """An `Access` to the fake Lambda."""

    ends_at: float | None = None

    def __init__(self, fake: FakeLambda) -> None:
        self.fake = fake

    def aws(self, *, function_timeout_s: int = 900, concurrency: int = 10, rate: float = 5.0) -> Aws:
        return fake_aws(self.fake, clock=FakeClock())


class Kept:
    """A `SideObserver` that keeps the last runs, and calls back after each round."""

    def __init__(self, after: Callable[[int], None] = lambda rounds: None) -> None:
        self.runs: Mapping[str, TuningRun] = {}
        self.rounds = 0
        self.after = after

    def expected(self, name: str, invocations: int) -> None: ...

    def invoked(self, name: str, invocation: Invocation, spent: float) -> None: ...

    def saved(self, runs: Mapping[str, TuningRun]) -> None:
        self.runs = runs
        self.rounds += 1
        self.after(self.rounds)


def make_fake(base_ms: float, candidate_ms: float, *, noise: float = 0.03) -> FakeLambda:
    """`fn` with a version for each alias, `prod` and `candidate`, that take so long, with noise.

    Each version has eight environments, which take turns: the fake answers at once, so that one would be enough.
    """
    fake = FakeLambda()
    fake.logs.page_size = fake.logs.scan_size = 10_000  # as in AWS: a gate makes more invocations than a run
    fake.add("fn", CodeSize=1_000_000)
    fake.publish_user_version("fn", alias="prod")
    fake.publish_user_version("fn", alias="candidate")
    durations = {"1": base_ms, "2": candidate_ms}
    dice = random.Random(1)
    streams: dict[str, list[str]] = {}
    lock = threading.Lock()

    def respond(call: dict[str, Any]) -> dict[str, Any] | None:
        version = call["configuration"]["Version"]
        with lock:
            known = streams.setdefault(version, [])
            cold = len(known) < ENVIRONMENTS
            known.append(fake.logs.new_stream(call["configuration"]) if cold else known.pop(0))
            call["environment"] = known[-1]
        duration = durations.get(version, base_ms) * dice.lognormvariate(0, noise)
        init = 150.0 * dice.lognormvariate(0, noise) if cold else None
        text = report_text(
            call["request_id"],
            duration=round(duration, 2),
            billed=int(duration + (init or 0)) + 1,
            memory=call["configuration"]["MemorySize"],
            init=init,
        )
        fake.logs.write(call, text)
        return answer(call["request_id"], text, version=version)

    fake.answer = respond
    return fake


def live(name: str, label: str | None = None) -> LiveFunction:
    return LiveFunction(ref=FunctionRef.parse(name), label=label)


PAIR = LivePair(candidate=live("fn:candidate"), baseline=live("fn:prod"))


def plan(fake: FakeLambda, pairs: Sequence[LivePair] = (PAIR,), **options: Any) -> PlannedGate:
    return plan_gate(FakeAccess(fake), pairs, RunOptions(**options), PRICES, run_id="abcd123", now=0.0)
