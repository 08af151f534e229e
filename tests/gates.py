"""Gates for tests: runs of simulated functions, cases, and a judged gate that has something of everything."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from factories import START, make_configuration, make_function, make_invocation, make_run

from powertune.gate.budgets import parse_budget
from powertune.gate.judging import judge
from powertune.gate.model import ONLY_LOOK, Case, GatedRun, Judgement, Look
from powertune.gate.result import GateEffort, GateResult, OnInconclusive
from powertune.gate.rules import DEFAULT_TOLERANCES, Rules
from powertune.model import (
    Configuration,
    Invocation,
    Invocations,
    Measurement,
    PayloadShare,
    Status,
    TuningRun,
    Usage,
)
from powertune.prices import PriceTable

PRICES = PriceTable.bundled()
SIZE = make_configuration()
WARM = 20


def gated(
    mean_ms: float = 100.0,
    *,
    environments: int = 8,
    noise: float = 0.03,
    between: float = 0.0,
    seed: int = 1,
    label: str = "candidate",
    failed: int = 0,
    package_bytes: int | None = 4_000_000,
    init_ms: float | None = 250.0,
    max_memory_mb: int | None = 100,
    name: str = "orders",
    sizes: Sequence[Configuration] = (SIZE,),
    **more: Any,
) -> GatedRun:
    """A run in several environments: each starts cold, then serves `WARM` warm invocations with lognormal noise."""
    generator = np.random.default_rng(seed)

    def invocations() -> list[Invocation]:
        found = []
        for number in range(environments):
            luck = math.exp(between * generator.normal())
            for turn in range(1 + WARM):
                duration = float(round(mean_ms * luck * math.exp(noise * generator.normal()), 2))
                init = None if turn or init_ms is None else init_ms * math.exp(noise * generator.normal())
                found.append(
                    make_invocation(
                        duration_ms=duration,
                        init_ms=init,
                        environment=f"environment-{number}",
                        lane=number,
                        max_memory_used_mb=max_memory_mb,
                    )
                )
        errors = [
            make_invocation(status=Status.ERROR, error_type="KeyError", environment="environment-0")
            for _ in range(failed)
        ]
        return [*found, *errors]

    measurements = [Measurement(configuration=size, invocations=Invocations.of(invocations())) for size in sizes]
    run = make_run(
        measurements=measurements,
        function=more.pop("function", None) or make_function(name=name),
        run_id=label,
        **more,
    )
    return GatedRun(run=run, label=label, package_bytes=package_bytes)


def with_payload(run: GatedRun, digest: str) -> GatedRun:
    """The same run of another event."""
    design = replace(run.run.design, payloads=(PayloadShare(sha256=digest * 64, weight=1.0),))
    return replace(run, run=replace(run.run, design=design))


def empty(run: GatedRun) -> GatedRun:
    """The same run without measurements."""
    return replace(run, run=replace(run.run, measurements=()))


def with_function(run: GatedRun, **changes: Any) -> GatedRun:
    """The same run of a function that differs."""
    changed: TuningRun = replace(run.run, function=replace(run.run.function, **changes))
    return replace(run, run=changed)


def make_case(candidate: GatedRun | None = None, baseline: GatedRun | None = None, **more: Any) -> Case:
    """A candidate and its baseline, which have the same mean unless they are given."""
    return Case(
        candidate=candidate or gated(),
        configuration=more.pop("configuration", SIZE),
        baseline=baseline or gated(seed=2, label="main@1a2b3c4"),
        side_by_side=True,
    )


def alone(candidate: GatedRun | None = None) -> Case:
    """A candidate without a baseline."""
    return Case(candidate=candidate or gated(), configuration=SIZE)


def rules(*budgets: str, **more: Any) -> Rules:
    """Rules with these budgets, and the default tolerances."""
    return Rules(**{"tolerances": DEFAULT_TOLERANCES, **more}, budgets=tuple(map(parse_budget, budgets)))


def judged(*cases: Case, look: Look = ONLY_LOOK, **more: Any) -> Judgement:
    """What the default rules say of cases, or others that are given."""
    return judge(cases or (make_case(),), more.pop("rules", None) or rules(**more), PRICES, look)


def make_result(judgement: Judgement | None = None, **more: Any) -> GateResult:
    """A judged gate with what a report tells beside."""
    defaults: dict[str, Any] = {
        "candidate": "orders:candidate",
        "baseline": "main@1a2b3c4",
        "effort": GateEffort(invocations=1_344, environments=64, cost=0.0015, currency="USD"),
        "tool_version": "0.1.0",
        "judged_at": START,
        "side_by_side": True,
        "on_inconclusive": OnInconclusive.FAIL,
    }
    return GateResult(**{**defaults, **more}, judgement=judgement or judged())


def full_gate(**more: Any) -> GateResult:
    """A fixed gate that has something of everything: failed, passed, inconclusive, warnings, notes, and money."""
    everything = rules(
        "p(95)<300ms",
        "avg<=110ms",
        "p(99.9)<200ms",
        "init.p(95)<800ms",
        "cost<5usd/1M",
        "cost{level:warn}<1usd/1M",
        "max_memory<80%",
        "package_size<2MB",
        "p(95){function:unknown-*}<1s",
        usage=Usage(invocations_per_month=250_000_000.0),
    )
    case = make_case(
        gated(130.0, environments=16, noise=0.05, between=0.02),
        gated(
            100.0, environments=16, noise=0.05, between=0.02, seed=2, label="main@1a2b3c4", package_bytes=3_900_000
        ),
    )
    return make_result(judged(case, rules=everything, look=Look(number=3, of=5)), **more)
