"""Whether a function is measured alike however many run beside it, and beside a program that keeps a core busy.

Handlers compute until their own CPU clock says so, or sleep: a drifting processor does not distort the ratios.
Levels of concurrency take turns, round after round. Invocations that the embedded AWS marks as disturbed are left
out, as `powertune run` does, and counted.
"""

import base64
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import Deployment, deploy

HANDLER = """
import time


def handler(event, context):
    time.sleep(event["sleep_ms"] / 1000)
    until = time.process_time() + event["cpu_ms"] / 1000
    while time.process_time() < until:
        sum(range(20))
"""
LEVELS = (1, 3, 6)
GOAL = 0.10
ROUNDS = 2
STRANGER = "while True: pass"
MANY_DISTURBED = 0.1
"""The share from which `powertune run` says that the machine is busy."""


@dataclass(frozen=True)
class Load:
    """What a handler does, and how often a round does it at each level."""

    cpu_ms: float
    sleep_ms: float = 0.0
    count: int = 60

    def __str__(self) -> str:
        return f"sleeps {self.sleep_ms:g} ms" if self.sleep_ms else f"{self.cpu_ms:g} ms CPU"


LOADS = (Load(1), Load(4), Load(50, count=24), Load(500, count=6), Load(0.5, 20, 36), Load(0.5, 200, 24))


@dataclass(frozen=True)
class Sample:
    """One warm invocation."""

    duration_ms: float
    disturbed: bool


class Versions:
    """The handler at several memory sizes."""

    def __init__(self, aws: EmbeddedAWS, folder: Path, sizes: tuple[int, ...]) -> None:
        make: Any = boto3.client
        self._client = make(
            "lambda",
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=aws.settings.region,
            config=Config(max_pool_connections=2 * max(LEVELS), read_timeout=120),
        )
        (folder / "app.py").write_text(HANDLER)
        deployment = Deployment(
            source=folder, handler="app.handler", name="neighbors", runtime="python3.12", role_arn=aws.role_arn
        )
        deploy(self._client, deployment)
        self._versions = {size: self._publish(size) for size in sizes}

    def samples(self, size: int, load: Load, level: int) -> list[Sample]:
        """Warm invocations, `level` at a time."""
        with ThreadPoolExecutor(level) as threads:
            list(threads.map(lambda _: self._invoke(size, load), range(2 * level)))
            found = list(threads.map(lambda _: self._invoke(size, load), range(load.count)))
        return [sample for sample in found if sample is not None]

    def delete(self) -> None:
        """Delete the function and its versions."""
        self._client.delete_function(FunctionName="neighbors")

    def _publish(self, size: int) -> str:
        self._client.get_waiter("function_updated_v2").wait(FunctionName="neighbors", WaiterConfig={"Delay": 1})
        self._client.update_function_configuration(FunctionName="neighbors", MemorySize=size)
        self._client.get_waiter("function_updated_v2").wait(FunctionName="neighbors", WaiterConfig={"Delay": 1})
        return str(self._client.publish_version(FunctionName="neighbors")["Version"])

    def _invoke(self, size: int, load: Load) -> Sample | None:
        event = {"cpu_ms": load.cpu_ms, "sleep_ms": load.sleep_ms}
        response = self._client.invoke(
            FunctionName="neighbors",
            Qualifier=self._versions[size],
            LogType="Tail",
            Payload=json.dumps(event).encode(),
        )
        log = base64.b64decode(response["LogResult"]).decode()
        match = re.search(r"\tDuration: ([\d.]+) ms", log)
        assert match is not None, log
        waited = "x-powertune-waited-ms" in response["ResponseMetadata"]["HTTPHeaders"]
        return None if "Init Duration" in log else Sample(float(match[1]), waited)


@contextlib.contextmanager
def stranger() -> Iterator[None]:
    """A program that keeps one core busy, wherever the system puts it."""
    program = subprocess.Popen([sys.executable, "-c", STRANGER])
    try:
        yield
    finally:
        program.kill()
        program.wait()


def compare(aws: EmbeddedAWS, *, busy: bool) -> bool:
    """Print the table; returns whether every mean is within the goal, or is marked on a busy machine."""
    title = "with one core kept busy by another program" if busy else "on an otherwise idle machine"
    print(f"\nMean reported duration by concurrency, {title}\n")
    print("  size MB  handler              at 1     at 3     at 6   3 / 1   6 / 1   disturbed, set aside")
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        versions = Versions(aws, Path(folder), sizes := (512, 1024))
        for size in sizes:
            for load in LOADS:
                alone = [] if not busy else versions.samples(size, load, 1)
                with stranger() if busy else contextlib.nullcontext():
                    fine &= _row(versions, size, load, alone)
        versions.delete()
    return fine


def _row(versions: Versions, size: int, load: Load, alone: list[Sample]) -> bool:
    found: dict[int, list[Sample]] = {level: [] for level in LEVELS}
    for _ in range(ROUNDS):
        for level in LEVELS:
            found[level] += versions.samples(size, load, level)
    means = {level: _mean(samples) for level, samples in found.items()}
    base = _mean(alone) if alone else means[1]
    ratios = {level: means[level] / base for level in LEVELS}
    marked = {level: sum(s.disturbed for s in samples) / len(samples) for level, samples in found.items()}
    shown = " ".join(f"{means[level]:8.2f}" for level in LEVELS)
    shares = ", ".join(f"{marked[level]:.0%}" for level in LEVELS)
    print(f"  {size:7}  {load!s:15} {shown}   {ratios[3]:5.3f}   {ratios[6]:5.3f}   {shares}", flush=True)
    return all(abs(ratios[n] - 1) <= GOAL or (bool(alone) and marked[n] >= MANY_DISTURBED) for n in LEVELS)


def _mean(samples: list[Sample]) -> float:
    kept = [sample.duration_ms for sample in samples if not sample.disturbed]
    return statistics.mean(kept) if kept else float("nan")
