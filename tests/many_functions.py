"""Several functions of one fake Lambda: how they are reached, planned and measured."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes import FakeClock, FakeConnection, FakeLambda
from runs import plan_for

from powertune.cli.many.planning import FunctionToTune
from powertune.cli.many.tuning import ManyWishes
from powertune.cli.outputs import Output
from powertune.cli.site import Site
from powertune.config import RunOptions
from powertune.engine.access import TunedFunction
from powertune.engine.many.runs import FunctionRuns, ManyTerms, PlannedFunction
from powertune.measure import Nobody, Observer
from powertune.model import FunctionRef
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")
GRID = {"memory": "128,1024", "invocations": "4", "environments": "2"}


def fake_functions(*names: str, **options: Any) -> FakeLambda:
    """An account with functions of 512 MB."""
    fake = FakeLambda(**options)
    for name in names:
        fake.add(name, memory_mb=512)
    return fake


@dataclass
class FakeSites:
    """All functions are reached by one connection to the fake."""

    fake: FakeLambda
    clock: FakeClock = field(default_factory=FakeClock)

    def site(self, target: str) -> Site:
        connection: Any = FakeConnection(self.fake, self.clock)
        command = f"powertune restore {target}"
        return Site(
            connection=connection, ref=FunctionRef.parse(target), restore_command=command, folder=Path("nowhere")
        )


def wanted(*targets: str, **told: str) -> list[FunctionToTune]:
    return [FunctionToTune(target=target, told={**GRID, **told}) for target in targets]


def wishes(**changes: Any) -> ManyWishes:
    """Nobody is asked, and a table is printed."""
    given = {"at_once": 4, "outputs": (Output(format="table", path=None),), "ask": False, "quiet": True, **changes}
    return ManyWishes(**given)


def planned(fake: FakeLambda, folder: Path, *names: str, **options: Any) -> tuple[PlannedFunction, ...]:
    connection: Any = FakeConnection(fake, FakeClock())
    return tuple(
        PlannedFunction(
            target=name,
            subject=TunedFunction(
                access=connection, ref=FunctionRef.parse(name), restore_command=f"powertune restore {name}"
            ),
            options=RunOptions(),
            prices=PRICES,
            plan=plan_for(fake, name, run_id=f"{number:08x}", **options),
            path=folder / f"{name}.json",
        )
        for number, name in enumerate(names)
    )


def runs_of(
    functions: tuple[PlannedFunction, ...],
    *,
    max_spend: float = 1.0,
    at_once: int = 4,
    observe: Any = None,
) -> FunctionRuns:
    clock = FakeClock()
    terms = ManyTerms(max_spend=max_spend, at_once=at_once, clock=clock, timer=time.monotonic, sleep=clock.sleep)

    def nobody(_: PlannedFunction) -> Observer:
        return Nobody()

    return FunctionRuns(functions, terms, observe or nobody)


def measured(runs: FunctionRuns) -> FunctionRuns:
    runs.start()
    runs.wait()
    return runs
