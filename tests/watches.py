"""Functions to watch, with evidence, for tests: everything has a plausible default."""

from typing import Any

from powertune.config.watch_options import WatchOptions
from powertune.model import Architecture, Configuration
from powertune.prices import PriceTable
from powertune.watch import (
    ProductionUse,
    RunEvidence,
    SampleP95,
    UsedDay,
    Watch,
    WatchedFunction,
    WatchEvidence,
    make_watch,
)

REGION = "eu-west-1"
PRICES = PriceTable.bundled().region(REGION)
#: 1,200 invocations an hour.
BUSY_DAY = UsedDay(invocations=28_800, duration_sum_ms=3_456_000.0, p95_ms=140.0)


def make_watched(name: str = "my-fn", qualifier: str | None = None, **more: Any) -> WatchedFunction:
    defaults: dict[str, Any] = {
        "arn": f"arn:aws:lambda:{REGION}:123456789012:function:{name}",
        "region": REGION,
        "configuration": Configuration(memory_mb=1024, architecture=Architecture.ARM64),
        "timeout_s": 30,
    }
    return WatchedFunction(name=name, qualifier=qualifier, **{**defaults, **more})


def make_evidence(function: WatchedFunction | None = None, **more: Any) -> WatchEvidence:
    defaults: dict[str, Any] = {
        "run": RunEvidence(run_id="20260901-abcdef", p95_ms=SampleP95(n=80, p95=118.0, upper=125.0)),
        "use": ProductionUse(days=14, used=(BUSY_DAY,) * 14, in_use_days=14),
    }
    return WatchEvidence(function=function or make_watched(), **{**defaults, **more})


def watch_of(*evidence: WatchEvidence, options: WatchOptions | None = None) -> Watch:
    return make_watch(evidence or (make_evidence(),), PRICES, options or WatchOptions(), unreserved_concurrency=1_000)
