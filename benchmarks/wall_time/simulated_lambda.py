"""Lambda with a function of known durations, whose control plane takes about as long as AWS's."""

import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from fakes import FakeLambda, answer, fake_clients, report_text

from benchmarks.search_policies.functions import Environment, Function
from benchmarks.wall_time.simulated_time import SimulatedTime
from powertune.aws.client import Aws
from powertune.aws.rate_limit import RateLimiter
from powertune.model import Architecture, Configuration, Status

NAME = "fn"
#: The calls per second of `powertune run`, and how many it makes at once after a quiet time.
RATE, BURST = 5.0, 10.0
_CHANGES = ("create_alias", "update_alias", "delete_alias", "delete_function")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Seconds. None of them was measured for this benchmark.

    `update_s` is how long $LATEST is being updated: about 1 s for a ZIP function outside of a VPC, as aws/aws-cdk
    pull request 18536 has measured. `docs/explanation/aws-facts.md` believes 4 to 8 s for two updates, a publication
    and an alias; 2 s, 1 s and 0.2 s are within that. `create_s` is its estimate for CreateFunction. `read_s` is
    assumed for any other call, and for an invocation beside the function's own duration and init phase.
    """

    update_s: float = 2.0
    publish_s: float = 1.0
    alias_s: float = 0.2
    create_s: float = 1.5
    read_s: float = 0.05

    def by_call(self) -> Mapping[str, float]:
        """As the fake takes them."""
        return {
            **dict.fromkeys(_CHANGES, self.alias_s),
            "publish_version": self.publish_s,
            "update_function_configuration": self.read_s,
            "create_function": self.create_s,
            "get_function": self.read_s,
            "get_alias": self.read_s,
            "filter_log_events": self.read_s,
        }


class SimulatedLambda:
    """One function in an account of its own, and the way to it."""

    def __init__(
        self, function: Function, latencies: Latencies, *, time: SimulatedTime, memory_mb: int, seed: int
    ) -> None:
        self._function, self._seed = function, (seed, zlib.crc32(function.id.encode()))
        self._init_ms = function.init_ms(Architecture.X86_64)
        self._started: Counter[int] = Counter()
        self._latencies = latencies
        self._environments: dict[str, Environment] = {}
        self._time = time
        self.fake = FakeLambda(clock=time, sleep=time.sleep, update_s=latencies.update_s, latency=latencies.by_call())
        self.fake.page_size, self.fake.logs.page_size, self.fake.logs.scan_size = 50, 10_000, 10_000
        self.fake.logs.wall = time
        self.fake.answer = self._answer
        self.fake.add(NAME, memory_mb=memory_mb, Timeout=900)

    def aws(self) -> Aws:
        """AWS, as a run reaches it."""
        limiter = RateLimiter(RATE, BURST, clock=self._time, sleep=self._time.sleep)
        jitter: Callable[[], float] = lambda: 0.5  # noqa: E731 - typed
        return Aws(
            clients=fake_clients(self.fake),
            region="us-east-1",
            limiter=limiter,
            sleep=self._time.sleep,
            jitter=jitter,
            fetch=self.fake.fetch,
            clock=self._time,
        )

    def _start(self, memory_mb: int) -> Environment:
        """The next environment of a size: with the same noise, in whichever order sizes are measured."""
        self._started[memory_mb] += 1
        generator = np.random.default_rng((*self._seed, memory_mb, self._started[memory_mb]))
        size = Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)
        return self._function.starts(generator)(size)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        configuration, environment = call["configuration"], call["environment"]
        memory_mb = int(configuration["MemorySize"])
        if environment not in self._environments:
            self._environments[environment] = self._start(memory_mb)
        ran = self._environments[environment]()
        init_ms = self._init_ms if call["cold"] else None
        self._time.sleep((ran.duration_ms + (init_ms or 0.0)) / 1000 + self._latencies.read_s)
        killed = ran.status is Status.OUT_OF_MEMORY
        text = report_text(
            call["request_id"],
            duration=ran.duration_ms,
            billed=math.ceil(ran.duration_ms + (init_ms or 0.0)),
            memory=memory_mb,
            used=ran.max_memory_used_mb,
            init=init_ms,
            status="Status: error\tError Type: Runtime.OutOfMemory" if killed else "",
        )
        self.fake.logs.write(call, text)
        return answer(
            call["request_id"],
            text,
            payload=json.dumps({"errorType": "Runtime.OutOfMemory"}).encode() if killed else b"{}",
            error="Unhandled" if killed else None,
            version=configuration["Version"],
        )
