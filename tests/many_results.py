"""What became of several functions: one of each kind, with hostile words where AWS's may come from."""

from typing import Any

from factories import make_function, make_measurement, make_run
from many_functions import PRICES, fake_functions
from runs import plan_for

from powertune.analysis import Analysis, analyze
from powertune.errors import AccessDenied, Inconclusive, Interrupted, NotFound, NotRestored, PowertuneError
from powertune.model import Goal, Strategy, Usage
from powertune.report.functions import FunctionPlans, FunctionResult, FunctionResults, RefusedFunction

_ARN = "arn:aws:lambda:{}:123456789012:function:{}"


def analysis_of(
    name: str, *, now: int = 1024, better: bool = True, month: float | None = 1e6, region: str = "us-east-1"
) -> Analysis:
    """A run of two sizes of which the smaller one is as fast, and so cheaper; or is twice as slow."""
    function = make_function(name=name, arn=_ARN.format(region, name), region=region, memory_mb=now)
    slow = 1.0 if better else 3.0
    small, large = (
        make_measurement(memory_mb=mb, durations=[factor * each for each in [100.0, 101.0, 99.0] * 10], lanes=5)
        for mb, factor in ((512, slow), (1024, 1.0))
    )
    run = make_run(measurements=[small, large], function=function)
    return analyze(run, PRICES, Goal(strategy=Strategy.COST), Usage(invocations_per_month=month))


def result(name: str, analysis: Analysis | None = None, failed: PowertuneError | None = None, **more: Any) -> Any:
    function = None if analysis is None else analysis.function
    file = None if analysis is None else f"results/{name}.us-east-1.json"
    return FunctionResult(
        target=name, **{"function": function, "analysis": analysis, "failed": failed, "file": file, **more}
    )


def results_of(*each: FunctionResult, **more: Any) -> FunctionResults:
    given: dict[str, Any] = {"max_spend": 1.0, "spent": 0.125, "currency": "USD", "started_at": 1.0, **more}
    return FunctionResults(results=each, finished_at=2.0, tool_version="1.2.3", **given)


def full_results() -> FunctionResults:
    """One of each kind, in an order that is not that of the ranks."""
    untouched = make_function(name="later", arn=_ARN.format("us-east-1", "later"))
    return results_of(
        result("nosuch", failed=NotFound("function nosuch does not exist", hint="check the region")),
        result(
            "later",
            failed=Inconclusive("not begun: it may take $0.25, and $0.10 of the $1.00 for all functions are left"),
            function=untouched,
            begun=False,
        ),
        result("small", analysis_of("small", month=1e6)),
        result("unknown", analysis_of("unknown", month=None)),
        result("fine", analysis_of("fine", better=False)),
        result("large", analysis_of("large", month=1e9)),
        result("denied", failed=AccessDenied("\x1b[31m<b>`$(x)` | @you\n# not allowed", hint="powertune iam run")),
        result("stopped", analysis_of("stopped"), Interrupted("interrupted; stopped is restored")),
        result("stuck", analysis_of("stuck"), NotRestored("stuck is not restored", hint="powertune restore stuck")),
    )


def full_plans() -> FunctionPlans:
    fake = fake_functions("one", "two")
    return FunctionPlans(
        plans=(plan_for(fake, "one"), plan_for(fake, "two")),
        refusals=(RefusedFunction(target="nosuch", error=NotFound("function nosuch does not exist")),),
        max_spend=2.0,
        currency="USD",
        at_once=2,
    )
