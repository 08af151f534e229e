"""Applies against the fake Lambda: a measured function with an alias, what a run recommends for it, and the apply."""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from factories import make_measurement, make_prices, make_run
from fakes import FakeClock, FakeLambda, fake_aws

from powertune.analysis import analyze
from powertune.aws.client import Aws
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.preflight import preflight
from powertune.engine.applying.applier import AppliedConfiguration, Surroundings, apply_plan
from powertune.engine.applying.canary import CanaryLook
from powertune.engine.applying.finding import find
from powertune.engine.applying.model import ApplyPlan, ApplyRequest, Canary
from powertune.engine.applying.plan import choose, plan_apply
from powertune.engine.applying.rollback import plan_rollback, roll_back
from powertune.model import Advisory, Architecture, FunctionRef, Goal, Strategy, TuningRun

#: The size that the function has, and the one that the run recommends.
BEFORE_MB, AFTER_MB = 512, 1024
ROLLBACK, RESTORE = "powertune apply --rollback fn:prod", "powertune restore fn"
CANARY = Canary(share=0.1)


def measured_function(**options: Any) -> FakeLambda:
    """A function whose alias `prod` leads to what $LATEST is."""
    fake = FakeLambda(**options)
    fake.add("fn", memory_mb=BEFORE_MB)
    fake.publish_user_version("fn", alias="prod")
    fake.functions["fn"].aliases["prod"]["Description"] = "what everybody calls"
    package = fake.packages[fake.functions["fn"].code["Location"]]
    digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
    for configuration in (fake.functions["fn"].configuration, fake.functions["fn"].versions["1"]):
        configuration["CodeSha256"] = digest
    return fake


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOnArm(ApplyRequest):
    """What a person asks for after a run whose answer is arm64."""


def run_of(fake: FakeLambda, name: str = "fn", *, arm: bool = False, **more: Any) -> TuningRun:
    """A run that is sure that 1,024 MB, on arm64 if that is wanted, is faster at less cost."""
    state = preflight(fake_aws(fake), FunctionRef.parse(name), now=0.0).state
    slow, fast = [200.0 + turn % 3 for turn in range(24)], [50.0 + turn % 3 for turn in range(24)]
    measurements = (
        make_measurement(memory_mb=BEFORE_MB, durations=slow, lanes=4),
        make_measurement(
            memory_mb=AFTER_MB,
            durations=fast,
            lanes=4,
            architecture=Architecture.ARM64 if arm else Architecture.X86_64,
        ),
    )
    return make_run(measurements=measurements, function=state, run_id="0a1b2c3d", **more)


@dataclass
class RecordingApply:
    """An `ApplyObserver` that keeps what it was told."""

    steps: list[str] = field(default_factory=list)
    looks: list[CanaryLook] = field(default_factory=list)
    notes: list[Advisory] = field(default_factory=list)
    undone_times: int = 0

    def doing(self, what: str) -> None:
        self.steps.append(what)

    def watching(self, look: CanaryLook, left_s: float) -> None:
        self.looks.append(look)

    def undone(self, notes: tuple[Advisory, ...]) -> None:
        self.undone_times += 1
        self.notes += notes


@dataclass
class Interruption:
    """`Interruptions` of nobody."""

    restored: bool = False
    insisted: bool = False


@dataclass
class Applying:
    """One apply, from plan to end; `clock` is that of everything in it."""

    fake: FakeLambda
    asked: ApplyRequest = field(default_factory=lambda: ApplyRequest(alias="prod"))
    run: TuningRun | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    observer: RecordingApply = field(default_factory=RecordingApply)
    interruption: Interruption = field(default_factory=Interruption)
    apply_id: str = "feedbeef"

    @property
    def aws(self) -> Aws:
        return fake_aws(self.fake, clock=self.clock)

    @property
    def function(self) -> LambdaFunction:
        return LambdaFunction(self.aws, FunctionRef(name="fn"))

    def plan(self) -> ApplyPlan | None:
        run = self.run or run_of(self.fake, arm=isinstance(self.asked, AskedOnArm))
        chosen, advisories = choose(analyze(run, make_prices(), Goal(strategy=Strategy.SPEED)), self.asked.memory_mb)
        assert chosen is not None
        found = find(self.aws, self.function, run, self.asked, now=self.clock(), restore=RESTORE)
        return plan_apply(run, chosen, self.asked, found, apply_id=self.apply_id, advisories=advisories)

    def apply(self, plan: ApplyPlan | None = None) -> AppliedConfiguration:
        plan = plan or self.plan()
        assert plan is not None
        around = Surroundings(
            aws=self.aws,
            rollback=ROLLBACK,
            restore=RESTORE,
            observer=self.observer,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        return apply_plan(plan, around, self.interruption)

    def roll_back(self) -> tuple[Advisory, ...]:
        plan = plan_rollback(self.function, self.asked.alias, RESTORE)
        return roll_back(self.function, plan, ROLLBACK)


def in_effect(fake: FakeLambda) -> tuple[Any, ...]:
    """What production has: the size of $LATEST, where the alias leads, and what it says of itself; and whether it is
    on arm64."""
    function = fake.functions["fn"]
    alias = function.aliases["prod"]
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
    here = (function.configuration["MemorySize"], alias["FunctionVersion"], weights, alias["Description"])
    return (*here, "arm64") if function.configuration["Architectures"] == ["arm64"] else here


def settings(fake: FakeLambda) -> dict[str, Any]:
    """Everything that is configured but for the size."""
    kept = dict(fake.functions["fn"].configuration)
    return {key: value for key, value in kept.items() if key not in ("MemorySize", "RevisionId", "Architectures")}


def traffic(fake: FakeLambda, version: str, *, invocations: int, errors: int = 0, p95_ms: float = 100.0) -> None:
    """What CloudWatch shows of a version that is invoked by the alias `prod`; of the tail, nothing is slower."""
    where = ("fn", "fn:prod", version)
    fake.cloudwatch.series |= {
        ("Invocations", "Sum", *where): [float(invocations)],
        ("Errors", "Sum", *where): [float(errors)],
        ("Duration", "SampleCount", *where): [float(invocations)],
        ("Duration", "p95", *where): [p95_ms] if invocations else [],
    }


def slower(fake: FakeLambda, version: str, limit: str, count: int) -> None:
    """How many invocations of a version took longer than this."""
    fake.cloudwatch.series["Duration", f"TC({limit}:)", "fn", "fn:prod", version] = [float(count)]


def canary(asked: ApplyRequest, **changes: Any) -> ApplyRequest:
    """The same, by a canary."""
    return replace(asked, canary=replace(CANARY, **changes))
