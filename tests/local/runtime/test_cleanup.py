"""Whatever ends the server or its parent: no process, no cgroup and no temporary folder is left."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from function_processes import processes_of

from powertune.errors import Unavailable, UsageError
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings
from powertune.local.system.processes import process_table

PARENT = """
import json, sys, time
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings
with EmbeddedAWS(Settings(containment=sys.argv[1], sandbox=sys.argv[2])) as aws:
    print(json.dumps([dict(aws.environment), aws.pid]), flush=True)
    time.sleep(600)
"""
CONTAINMENTS = ("auto", "duty cycle")
SANDBOXES = ("auto", "off")
SLEEPER = """
import subprocess
def handler(event, context):
    subprocess.Popen(["sleep", "600"])
    # One that leaves the process group, and one that leaves the family too: its parent ends at once.
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    subprocess.run(["setsid", "sh", "-c", "sleep 600 >&2 &"])
"""
PROCESSES = 4
"""The runtime and its sleepers."""


def remains(pid: int) -> list[Path]:
    """Folders and cgroups that carry the number of a process."""
    places = [Path(tempfile.gettempdir()), Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]
    return [path for place in places if place.is_dir() for path in place.glob(f"powertune-*-{pid}-*")]


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if process_table().started(pid) is not None]


def wait_until_gone(server: int, pids: list[int]) -> None:
    for _ in range(400):
        if not living([server, *pids]) and not processes_of(server) and not remains(server):
            return
        time.sleep(0.05)
    raise AssertionError((living([server, *pids]), processes_of(server), remains(server)))


@pytest.fixture
def busy(connect: Any, package: Any) -> Any:
    """Start a function in an embedded AWS; returns the numbers of its processes, which are frozen then."""

    def run(aws: Any) -> list[int]:
        cloud = connect(aws)
        name = cloud.create(package(SLEEPER), MemorySize=128)
        assert cloud.invoke(name).error is None
        pids: list[int] = cloud.processes(name)
        assert len(pids) == PROCESSES
        return pids

    return run


@pytest.fixture(params=[(containment, sandbox) for containment in CONTAINMENTS for sandbox in SANDBOXES])
def parent(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], int]]:
    command = [sys.executable, "-c", PARENT, *request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        environment, pid = json.loads(process.stdout.readline())
        yield process, environment, pid
        process.kill()


class Address:
    """What a test needs of an embedded AWS that another process started."""

    def __init__(self, environment: dict[str, str], server: int) -> None:
        self.environment, self.endpoint_url = environment, environment["AWS_ENDPOINT_URL"]
        self.pid = server
        self.settings = Settings()
        self.role_arn = self.settings.role_arn


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_end_of_the_parent(parent: Any, busy: Any, number: signal.Signals) -> None:
    process, environment, server = parent
    pids = busy(Address(environment, server))
    assert living(pids) == pids
    assert remains(server)
    process.send_signal(number)
    process.wait()
    wait_until_gone(server, pids)


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_close(busy: Any, containment: str, sandbox: str) -> None:
    with EmbeddedAWS(Settings(containment=containment, sandbox=sandbox)) as aws:
        pids = busy(aws)
    assert not living([aws.pid, *pids])
    assert not processes_of(aws.pid)
    assert not remains(aws.pid)
    aws.close()


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_a_killed_server_is_cleaned_up_after_by_the_next(busy: Any, containment: str, sandbox: str) -> None:
    with EmbeddedAWS(Settings(containment=containment, sandbox=sandbox)) as victim, EmbeddedAWS() as bystander:
        pids, unharmed = busy(victim), busy(bystander)
        os.kill(victim.pid, signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        assert living(pids)
        with EmbeddedAWS(Settings(containment=containment)):
            wait_until_gone(victim.pid, pids)
            assert living(unharmed) == unharmed
            assert remains(bystander.pid)


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_processes_in_sessions_of_their_own_end_with_their_function(
    connect: Any, package: Any, containment: str, sandbox: str
) -> None:
    with EmbeddedAWS(Settings(containment=containment, sandbox=sandbox)) as aws:
        cloud = connect(aws)
        name = cloud.create(package(SLEEPER), MemorySize=128)
        assert cloud.invoke(name).error is None
        pids = cloud.processes(name)
        assert len(pids) == PROCESSES
        cloud.clean()
        for _ in range(400):
            if not living(pids):
                break
            time.sleep(0.05)
        assert not living(pids)
        assert not processes_of(aws.pid)


def test_server_that_is_told_to_end(busy: Any) -> None:
    with EmbeddedAWS() as aws:
        pids = busy(aws)
        os.kill(aws.pid, signal.SIGINT)
        assert aws.wait() == 0
        wait_until_gone(aws.pid, pids)


def test_containment_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="CPU containment 'hope' is not available here"):
        EmbeddedAWS(Settings(containment="hope"))


def test_server_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moto.py").write_text("raise SystemExit('broken on purpose')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unavailable, match="did not start: broken on purpose"):
        EmbeddedAWS()


def test_without_moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('no moto here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UsageError, match="no moto here") as caught:
        EmbeddedAWS()
    assert caught.value.hint == "pip install 'powertune[local]'"


@pytest.mark.parametrize("name", ["queue", "moto", "select", "json"])
def test_nothing_of_the_current_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A folder of somebody else's, or an innocent module that has the name of another."""
    (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    with EmbeddedAWS(Settings(containment="duty cycle")) as aws:
        assert aws.endpoint_url
    assert not (tmp_path / "imported").exists()
