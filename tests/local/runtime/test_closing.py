"""Closing while requests are under way: whoever waits for a turn is refused, and nothing starts any more."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from powertune.local.containment.cell import Cell
from powertune.local.containment.choice import choose
from powertune.local.functions import Function
from powertune.local.lambda_api.backend import EmbeddedBackend
from powertune.local.lambda_api.errors import ControlError
from powertune.local.metrics.of_lambda import Metric
from powertune.local.package import zip_folder
from powertune.local.runtime import admission
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.code_cache import CodeCache
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.outputs import Line, Outputs
from powertune.local.runtime.pool import Pool
from powertune.local.runtime.process import RuntimeProcess
from powertune.local.runtime.runner import Runner
from powertune.local.runtime.world import Closing, World
from powertune.local.sandbox.rooms import Started
from powertune.local.settings import Settings
from powertune.local.system.owners import Owner
from powertune.local.system.processes import process_table

TELLTALE = """
import os, time
open(os.environ["TELLTALE"], "a").write(f"{os.getpid()}\\n")
def handler(event, context):
    while time.process_time() < event:
        pass
"""
REQUEST = Request(payload=b"60", resource="f", arn="arn")


class Discard:
    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        pass

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        pass


@pytest.fixture
def telltale(tmp_path: Path) -> Path:
    """Where every process that starts leaves its number."""
    return tmp_path / "telltale"


@pytest.fixture
def function(tmp_path: Path, telltale: Path) -> Function:
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "app.py").write_text(TELLTALE)
    return Function(
        account="1", region="us-east-1", name="f", version="1", arn="arn", deployment="d", runtime="python3.12",
        handler="app.handler", memory_mb=10240, timeout_s=60, code=zip_folder(folder),
        variables={"TELLTALE": str(telltale)},
    )  # fmt: skip


class Slow:
    """Containment whose cells take until told to make; remembers which were closed."""

    name = "slow"

    def __init__(self) -> None:
        processes = process_table()
        self._real = choose("duty cycle", Owner.current(processes), processes)
        self.asked, self.may_make = threading.Event(), threading.Event()
        self.may_make.set()
        self.reap, self.close = self._real.reap, self._real.close
        self.closed: list[int] = []

    def cell(self, number: int, memory_mb: int) -> Cell:
        self.asked.set()
        assert self.may_make.wait(30)
        cell: Any = self._real.cell(number, memory_mb)
        close = cell.close

        def remembered() -> None:
            self.closed.append(number)
            close()

        cell.close = remembered
        made: Cell = cell
        return made


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.close()


@pytest.fixture
def pool(tmp_path: Path, slow: Slow) -> Iterator[Pool]:
    outputs = Outputs()
    world = World(
        code=CodeCache(tmp_path / "code"),
        outputs=outputs,
        processes=process_table(),
        folder=tmp_path / "environments",
        endpoint_url="http://127.0.0.1:9",
        python_client="bootstrap",
    )
    yield Pool(slow, world, idle_timeout_s=500, max_environments=9)
    outputs.close()


def test_a_closed_pool_has_nothing_to_give(pool: Pool, function: Function, tmp_path: Path) -> None:
    pool.release(pool.acquire(function))
    pool.close()
    with pytest.raises(Closing):
        pool.acquire(function)
    assert list((tmp_path / "environments").iterdir()) == []


def test_what_was_acquired_does_not_start_after_the_end(pool: Pool, function: Function, telltale: Path) -> None:
    environment = pool.acquire(function)
    pool.close()
    for _ in range(2):
        with pytest.raises(Closing):
            environment.initialize(30, 1.0, "r")
    pool.release(environment)
    environment.close()
    assert not telltale.exists()


def test_closing_waits_for_what_is_being_made(pool: Pool, slow: Slow, function: Function, tmp_path: Path) -> None:
    slow.may_make.clear()
    with ThreadPoolExecutor(2) as threads:
        acquired = threads.submit(pool.acquire, function)
        assert slow.asked.wait(30)
        closed = threads.submit(pool.close)
        time.sleep(0.2)
        assert not closed.done()
        slow.may_make.set()
        closed.result(30)
        with pytest.raises(Closing):
            acquired.result(30).initialize(30, 1.0, "r")
    assert slow.closed == [1]
    assert list((tmp_path / "environments").iterdir()) == []


def test_whoever_waits_for_a_warm_one_is_told(pool: Pool, function: Function) -> None:
    environment = pool.acquire(function)
    pool.finishing(environment)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.acquire, function)
        time.sleep(0.1)
        pool.close()
        with pytest.raises(Closing):
            waiting.result(30)


class Held(CodeCache):
    """Code that takes until told to unpack."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.may_unpack = threading.Event(), threading.Event()

    def claim(self, function: Function) -> tuple[Path, Path | None]:
        self.asked.set()
        assert self.may_unpack.wait(30)
        return super().claim(function)


def test_an_environment_that_is_being_started_does_not_stand_still(
    slow: Slow, function: Function, tmp_path: Path
) -> None:
    """It has no process yet, but whoever is in line must not be let in because of that."""
    held, outputs = Held(tmp_path / "held"), Outputs()
    world = World(
        code=held, outputs=outputs, processes=process_table(), folder=tmp_path / "environments",
        endpoint_url="http://127.0.0.1:9", python_client="bootstrap",
    )  # fmt: skip
    environment = Environment(function, 1, slow.cell(1, 10240), world)
    assert environment.wanted_ms() == 0
    with ThreadPoolExecutor(1) as threads:
        starting = threads.submit(environment.initialize, 30.0, 1.0, "r")
        assert held.asked.wait(30)
        before = environment.wanted_ms()
        time.sleep(0.02)
        assert environment.wanted_ms() >= before + 20
        held.may_unpack.set()
        assert starting.result(30).ok
    assert environment.wanted_ms() >= before + 20
    environment.close()
    outputs.close()


def test_init_duration_is_the_runtimes_however_late_the_server_sees_it(
    slow: Slow, function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server gets the processor only when the runtime has long asked for its first event."""
    start, late_s = RuntimeProcess.start, 2.0

    def start_and_sleep(*args: Any) -> Started:
        started = start(*args)
        time.sleep(late_s)
        return started

    monkeypatch.setattr(RuntimeProcess, "start", start_and_sleep)
    outputs = Outputs()
    world = World(
        code=CodeCache(tmp_path / "code"), outputs=outputs, processes=process_table(),
        folder=tmp_path / "environments", endpoint_url="http://127.0.0.1:9", python_client="bootstrap",
    )  # fmt: skip
    environment = Environment(function, 1, slow.cell(1, 10240), world)
    init = environment.initialize(30.0, 1.0, "r")
    environment.close()
    outputs.close()
    assert init.ok
    assert 0 < init.duration_ms < late_s * 1000


@pytest.mark.parametrize("containment", ["auto", "duty cycle"])
def test_end_while_others_wait_in_admission(
    function: Function, telltale: Path, containment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine, whose host stops it for a moment, a function that computes may seem to wait.
    monkeypatch.setattr(admission, "LOOK_S", 60.0)
    # Without a sandbox, in which a function could not leave its number here.
    settings = Settings(containment=containment, python_client="bootstrap", sandbox="off")
    runner = Runner(settings, Discard(), "http://127.0.0.1:9")
    with ThreadPoolExecutor(4) as threads:
        running = threads.submit(runner.invoke, function, REQUEST)
        deadline = time.monotonic() + 30
        while not telltale.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        waiting = [threads.submit(runner.invoke, function, REQUEST) for _ in range(3)]
        runner.invoke_event(function, REQUEST)
        time.sleep(0.3)
        assert not any(future.done() for future in waiting)
        runner.close()
        runner.invoke_event(function, REQUEST)
        assert running.result(30).failed
        for future in waiting:
            with pytest.raises(Closing):
                future.result(30)
    pids = telltale.read_text().split()
    assert len(pids) == 1
    assert process_table().started(int(pids[0])) is None


@pytest.mark.parametrize("waits", [False, True])
def test_callers_of_a_server_that_ends_are_answered_a_5xx(waits: bool) -> None:
    def end(*_: object) -> None:
        raise Closing("the embedded AWS is ending")

    runner, function = SimpleNamespace(invoke=end), SimpleNamespace()
    backend: Any = SimpleNamespace(runner=runner, prepare=lambda *_: (), _await_active=end if waits else id)
    with pytest.raises(ControlError) as caught:
        EmbeddedBackend.run(backend, cast(Any, function), None, b"")
    assert (caught.value.code, caught.value.error_type) == (500, "ServiceException")
