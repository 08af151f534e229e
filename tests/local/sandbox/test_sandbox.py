"""A function has a root folder, a process table and a /tmp of its own, and nothing of the machine's."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from function_processes import processes_of
from machines import until

from powertune.errors import UsageError
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="without root, /tmp is in memory")
ASK = "import ctypes, glob, os, subprocess, time\ndef handler(event, context):\n    return eval(event)\n"
FILES = "[entry.name for entry in os.scandir('/tmp') if entry.is_file()]"
USED = re.compile(r"Max Memory Used: (\d+) MB")


@pytest.fixture(scope="module", params=["auto", "duty cycle"])
def aws(request: pytest.FixtureRequest) -> Iterator[EmbeddedAWS]:
    settings = Settings(containment=request.param, sandbox="namespaces", service_latency_ms=1, init_timeout_s=5)
    try:
        server = EmbeddedAWS(settings)
    except UsageError as error:
        pytest.skip(str(error))
    with server as aws:
        yield aws


@pytest.fixture
def ask(aws: EmbeddedAWS, connect: Any, package: Any) -> Iterator[Any]:
    """A function that answers with the value of a Python expression; returns how to ask it."""
    cloud = connect(aws)
    name = cloud.create(package(ASK), MemorySize=1769)

    def answer(expression: str, **options: Any) -> Any:
        reply = cloud.invoke(name, expression, **options)
        assert reply.error is None, reply.payload
        return reply.payload

    answer.cloud, answer.name = cloud, name  # type: ignore[attr-defined]
    yield answer
    cloud.clean()


@pytest.mark.supports("lambda:Invoke", "/tmp of its own for each execution environment, kept between invocations")
def test_tmp_belongs_to_the_environment(ask: Any) -> None:
    cloud, name = ask.cloud, ask.name
    one = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    assert ask("open('/tmp/mine', 'x').close()", Qualifier=one) is None
    assert ask(FILES, Qualifier=one) == ["mine"]
    assert ask(FILES) == []
    assert not Path("/tmp/mine").exists()
    cloud.configure(name, MemorySize=1000)
    assert ask(FILES) == []


def test_environments_of_one_version_do_not_share_tmp(ask: Any) -> None:
    write = f"[open(f'/tmp/{{context.aws_request_id}}', 'x'), time.sleep(1), len({FILES})][-1]"
    ask.cloud.configure(ask.name, MemorySize=800)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, [write, write])) == [1, 1]


@pytest.mark.supports("lambda:Invoke", "/tmp survives a runtime that crashes or times out")
def test_tmp_survives_a_crash_of_the_runtime(ask: Any) -> None:
    ask("open('/tmp/kept', 'x').close()")
    assert ask.cloud.invoke(ask.name, "os._exit(3)").payload["errorType"] == "Runtime.ExitError"
    assert ask(FILES) == ["kept"]


@pytest.mark.supports(
    "lambda:CreateFunction", "EphemeralStorage: /tmp is full at this size, and does not count as memory"
)
@pytest.mark.parametrize(("options", "size_mb"), [({}, 512), ({"EphemeralStorage": {"Size": 600}}, 600)])
def test_tmp_has_the_size_of_ephemeral_storage(
    aws: EmbeddedAWS, connect: Any, package: Any, options: dict[str, Any], size_mb: int
) -> None:
    if aws.cpu_limiter == "duty cycle" and size_mb != 512:
        pytest.skip("the size is the same whatever limits the CPU")
    source = """
def handler(event, context):
    written, chunk = 0, b"x" * (1 << 20)
    try:
        with open("/tmp/large", "wb", buffering=0) as file:
            while True:
                written += file.write(chunk)
    except OSError as error:
        return [error.errno, written >> 20]
"""
    cloud = connect(aws)
    name = cloud.create(package(source), MemorySize=256, Timeout=300, **options)
    reply = cloud.invoke(name)
    assert reply.error is None, reply.log
    number, written_mb = reply.payload
    assert number == 28
    assert size_mb <= written_mb <= size_mb + 4
    (used,) = USED.findall(reply.log)
    assert int(used) < 60


@as_root
def test_what_is_full_is_free_again_for_the_next(aws: EmbeddedAWS, connect: Any, package: Any) -> None:
    """Whoever fills /tmp takes nothing from the environment after it, nor from the machine."""
    cloud, before = connect(aws), len(images(aws.pid))
    source = "import os\ndef handler(event, context):\n    os.posix_fallocate(os.open('/tmp/a', 66), 0, 500 << 20)\n"
    for _ in range(2):
        name = cloud.create(package(source))
        assert cloud.invoke(name).error is None
        cloud.clean()
    until(lambda: len(images(aws.pid)) <= before)


@pytest.mark.supports(
    "lambda:Invoke", "/var/task in stack traces and LAMBDA_TASK_ROOT, layers in /opt, both read-only"
)
def test_names_of_files_are_lambdas(ask: Any, package: Any) -> None:
    reply = ask.cloud.invoke(ask.name, "1 / 0")
    assert '  File "/var/task/app.py", line 3, in handler\n    return eval(event)\n' in reply.payload["stackTrace"]
    assert ask("[os.environ['LAMBDA_TASK_ROOT'], os.getcwd(), __file__]") == ["/var/task"] * 2 + ["/var/task/app.py"]
    layer = ask.cloud.lambda_.publish_layer_version(
        LayerName="sandbox",
        Content={"ZipFile": package(files={"python/deep.py": "", "bin/tool!": "#!/bin/sh\necho hi"})},
    )["LayerVersionArn"]
    ask.cloud.configure(ask.name, Layers=[layer])
    assert ask("__import__('deep').__file__") == "/opt/python/deep.py"
    assert ask("subprocess.run(['tool'], capture_output=True, text=True).stdout") == "hi\n"
    for place in ("/var/task/x", "/opt/x", "/x", "/usr/x", "/etc/x", "/home/x", "/dev/x", "/var/x"):
        assert ask(f"os.access(os.path.dirname('{place}'), os.W_OK)") is False


@pytest.mark.supports("lambda:Invoke", "an unprivileged user who sees no other process")
def test_a_function_sees_only_its_own_processes(ask: Any, aws: EmbeddedAWS) -> None:
    assert ask("sorted(int(name) for name in os.listdir('/proc') if name.isdigit())") == [1, ask("os.getpid()")]
    user = [2_000_000_000 + aws.pid] * 2 if AS_ROOT else [os.geteuid(), os.getegid()]
    assert ask("[os.getuid(), os.getgid()]") == user
    assert ask("os.getgroups()") == [] or not AS_ROOT
    status = ask("open('/proc/self/status').read()")
    assert re.findall(r"^Cap(\w+):\t(\w+)$", status, re.M) == [
        (k, "0" * 16) for k in ("Inh", "Prm", "Eff", "Bnd", "Amb")
    ]
    assert "NoNewPrivs:\t1\n" in status
    assert ask("os.path.expanduser('~')") == "/home/sbx_user1051"
    assert ask("len(open('/etc/passwd').readlines())") == 2


def test_the_servers_key_and_the_developers_files_are_out_of_reach(
    ask: Any, aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("the developer's")
    (tmp_path / "secret").chmod(0o644)
    for path in (
        tmp_path / "secret",
        f"/proc/{aws.pid}/environ",
        Path(__file__),
        Path.home() / ".bashrc",
        "/dev/vda",
    ):
        assert ask(f"os.path.exists({str(path)!r})") is False
    # Attaching to its first process, which has root's rights, is refused as well.
    assert ask("[ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0), ctypes.get_errno()]") == [-1, 1]
    with pytest.raises(AssertionError, match="Permission denied"):
        ask("open('/proc/1/environ').read()")
    secret = aws.environment["AWS_SECRET_ACCESS_KEY"]
    assert secret not in str(ask("[open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline')]"))
    assert secret not in str(ask("dict(os.environ)"))


def test_no_variable_of_the_developers_reaches_a_function(
    connect: Any, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("PATH", f"/developers:{os.environ['PATH']}"),
        ("LD_LIBRARY_PATH", "/developers"),
        ("MY", "/developers"),
    ):
        monkeypatch.setenv(name, value)
    for sandbox in ("auto", "off"):
        with EmbeddedAWS(Settings(containment="duty cycle", sandbox=sandbox)) as aws:
            cloud = connect(aws)
            variables = cloud.invoke(cloud.create(package(ASK)), "dict(os.environ)").payload
            assert "developers" not in json.dumps(variables)


def test_a_functions_libraries_are_not_loaded_by_what_starts_it(aws: EmbeddedAWS, connect: Any, package: Any) -> None:
    """What prepares the namespaces has root's rights, and does not see the variables of the function."""
    cloud = connect(aws)
    name = cloud.create(
        package(ASK),
        Environment={"Variables": {"LD_PRELOAD": "/var/task/evil.so", "PYTHONHOME": "/nowhere"}},
        Timeout=5,
    )
    assert "Runtime exited" in cloud.invoke(name, "1").payload["errorMessage"]
    assert cloud.invoke(cloud.create(package(ASK)), "1").payload == 1


def test_a_daemon_ends_with_the_environment(ask: Any) -> None:
    """One that has left its session, its parent and the variables by which it is known."""
    ask("subprocess.run(['setsid', 'sh', '-c', 'env -i sleep 613 >/dev/null 2>&1 &']).returncode")
    assert len(ask("[open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline') if 'sleep' in open(p).read()]")) == 1
    asleep = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if is_sleep(path)]
    assert asleep
    ask.cloud.clean()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in asleep))


def is_sleep(path: Path) -> bool:
    try:
        return path.read_bytes() == b"sleep\x00613\x00"
    except OSError:
        return False


def test_an_orphan_is_reaped(ask: Any) -> None:
    ask("subprocess.run(['sh', '-c', '(exit 0) & exec true']).returncode")
    states = "[open(p).read().rsplit(')')[1].split()[0] for p in glob.glob('/proc/[0-9]*/stat')]"
    until(lambda: "Z" not in ask(states))


def test_how_a_runtime_ends_is_told_as_it_is(ask: Any) -> None:
    for expression, words in (
        ("os._exit(7)", "exit status 7"),
        ("os.kill(os.getpid(), 9)", "signal: killed"),
        ("os.abort()", "signal: aborted"),
        ("os.kill(os.getpid(), 2) or time.sleep(9)", "signal: interrupt"),
    ):
        message = ask.cloud.invoke(ask.name, expression).payload["errorMessage"]
        assert message.endswith(f"Runtime exited with error: {words}")


@pytest.mark.parametrize(("script", "words"), [("no script", "Exec format error"), ("#!/nowhere\n", "No such file")])
def test_a_bootstrap_that_cannot_be_executed(
    aws: EmbeddedAWS, connect: Any, package: Any, script: str, words: str
) -> None:
    cloud = connect(aws)
    name = cloud.create(package(files={"bootstrap!": script}), Runtime="provided.al2023", Handler="x")
    for _ in range(2):
        payload = cloud.invoke(name).payload
        assert payload["errorType"] == "Runtime.InvalidEntrypoint"
        assert words in payload["errorMessage"]
        assert "/var/task/bootstrap" in payload["errorMessage"]


@as_root
def test_a_killed_server_leaves_no_mount_and_no_image(connect: Any, package: Any) -> None:
    with EmbeddedAWS(Settings(sandbox="namespaces")) as victim:
        cloud = connect(victim)
        assert cloud.invoke(cloud.create(package(ASK)), FILES).payload == []
        assert images(victim.pid)
        assert str(victim.pid) not in Path("/proc/mounts").read_text()
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        with EmbeddedAWS(Settings(sandbox="namespaces")):
            until(lambda: not processes_of(victim.pid) and not images(victim.pid))
        assert not list(Path("/tmp").glob(f"powertune-*-{victim.pid}-*"))


@pytest.mark.parametrize("wait_s", [0.02, 0.1, 0.3])
def test_closing_while_environments_start(connect: Any, package: Any, wait_s: float) -> None:
    with EmbeddedAWS(Settings(sandbox="auto", service_latency_ms=1)) as aws, ThreadPoolExecutor(6) as threads:
        cloud = connect(aws)
        name = cloud.create(package(ASK), MemorySize=128)
        calls = [threads.submit(cloud.invoke, name, "1") for _ in range(6)]
        time.sleep(wait_s)
        aws.close()
        for call in calls:
            error = call.exception(30)
            assert error is None or isinstance(error, BotoCoreError | ClientError)
    assert (processes_of(aws.pid), images(aws.pid)) == ([], [])
    assert not list(Path(tempfile.gettempdir()).glob(f"powertune-*-{aws.pid}-*"))


def test_many_environments_at_once(connect: Any, package: Any) -> None:
    """Each has its own /tmp from the start, however many start together."""
    with EmbeddedAWS(Settings(sandbox="auto", service_latency_ms=1)) as aws:
        cloud = connect(aws)
        name = cloud.create(package(ASK), MemorySize=128)
        write = f"[open(f'/tmp/{{context.aws_request_id}}', 'x'), time.sleep(2), len({FILES})][-1]"
        with ThreadPoolExecutor(12) as threads:
            replies = list(threads.map(lambda _: cloud.invoke(name, write), range(12)))
        assert [reply.payload for reply in replies] == [1] * 12


def test_without_a_sandbox(connect: Any, package: Any) -> None:
    """A folder of the environment's own stands in for /tmp, and a note says what else there is to see."""
    with EmbeddedAWS(Settings(sandbox="off")) as aws:
        cloud = connect(aws)
        name = cloud.create(package(ASK))
        folder = cloud.invoke(
            name, "[open(os.environ['TMPDIR'] + '/a', 'x').close(), os.environ['TMPDIR']][1]"
        ).payload
        assert os.listdir(folder) == ["a"]  # noqa: PTH208
        assert cloud.invoke(name, "os.path.dirname(__file__) == os.environ['LAMBDA_TASK_ROOT']").payload is True
        cloud.configure(name, MemorySize=256)
        assert cloud.invoke(name, "os.listdir(os.environ['TMPDIR'])").payload == []
        until(lambda: not Path(folder).exists())


def test_settings_that_are_not_possible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(UsageError, match="unknown sandbox 'hope'"):
        EmbeddedAWS(Settings(sandbox="hope"))
    with pytest.raises(UsageError, match="unknown user for functions 'nobody'"):
        EmbeddedAWS(Settings(sandbox="namespaces", function_user="nobody"))
    assert list(tmp_path.iterdir()) == []


def images(server: int) -> list[str]:
    """The loop devices whose files lay in a server's folder."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "-O", "BACK-FILE"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if re.search(rf"/powertune-\d+-{server}-", line)]
