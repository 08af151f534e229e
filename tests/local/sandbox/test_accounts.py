"""Functions run as a user without rights where the server is root; CI runs as root, a person mostly does not."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machines import until

from powertune.errors import UsageError
from powertune.local.embedded import EmbeddedAWS
from powertune.local.sandbox.accounts import Account, choose
from powertune.local.settings import Settings
from powertune.local.system.processes import process_table

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

SCRIPT = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
(sleep 600; :) >/dev/null 2>&1 &
while :; do
    curl -sS -D "$TMPDIR/headers" "$api/next" >/dev/null || exit 1
    id=$(grep -i '^lambda-runtime-aws-request-id' "$TMPDIR/headers" | tr -d '\\r' | cut -d' ' -f2)
    echo "said on stdout"
    echo "said by name" > /dev/stderr
    secret=$(cat "$SECRET" 2>/dev/null) || secret="none"
    killed=no; kill -0 "$SERVER" 2>/dev/null && killed=yes
    kill -0 $PPID 2>/dev/null && killed="yes, the parent"
    touch "$LAMBDA_TASK_ROOT/mine" 2>/dev/null && secret="code can be changed"
    body="{\\"uid\\": $(id -u), \\"groups\\": \\"$(id -G)\\""
    body="$body, \\"secret\\": \\"$secret\\", \\"killed\\": \\"$killed\\""
    curl -sS -X POST "$api/$id/response" -d "$body}" >/dev/null
done
"""


@pytest.fixture(params=[(c, s) for c in ("auto", "duty cycle") for s in ("auto", "off")])
def other(request: pytest.FixtureRequest) -> Iterator[EmbeddedAWS]:
    """Without a sandbox Python functions may not be able to run there; those that bring their own runtime are."""
    containment, sandbox = request.param
    settings = Settings(containment=containment, sandbox=sandbox, function_user="other", init_timeout_s=5)
    with EmbeddedAWS(settings) as aws:
        yield aws


@as_root
def test_functions_run_as_a_user_without_rights(
    other: EmbeddedAWS, connect: Any, package: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    cloud = connect(other)
    name = cloud.create(
        package(files={"bootstrap!": SCRIPT}), Runtime="provided.al2023", Handler="x", MemorySize=512,
        Environment={"Variables": {"SECRET": str(secret), "SERVER": str(other.pid)}},
    )  # fmt: skip
    for _ in range(2):
        reply = cloud.invoke(name)
        uid = 2_000_000_000 + other.pid
        assert (reply.payload["uid"], reply.payload["groups"]) == (uid, str(uid))
        assert (reply.payload["secret"], reply.payload["killed"]) == ("none", "no")
        assert "said on stdout\n" in reply.log
        assert "said by name\n" in reply.log
    owners: dict[int, int | None] = {}

    def at_rest() -> bool:
        # The answer is there before the program that has sent it has ended.
        owners.clear()
        owners.update((pid, owner_of(pid)) for pid in cloud.processes(name))
        return None not in owners.values()

    until(at_rest)
    assert len(owners) >= 3
    assert set(owners.values()) == {uid}
    other.close()
    assert not any(process_table().started(pid) for pid in owners)


def owner_of(pid: int) -> int | None:
    """The user of a process; None if it has ended."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except FileNotFoundError:
        return None


@as_root
def test_nobody_else_gets_into_the_folder(other: EmbeddedAWS) -> None:
    (folder,) = Path("/tmp").glob(f"powertune-*-{other.pid}-*")
    found = folder.stat()
    # What is in a sandbox need not go through the folder.
    expected = (0, 0, 0o700) if other.settings.sandbox == "auto" else (0, 2_000_000_000 + other.pid, 0o710)
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == expected


@as_root
def test_whether_the_user_can_run_a_program_is_tried(tmp_path: Path) -> None:
    account = Account.of(os.getpid())
    assert account is not None
    assert account.can_run(["true"])
    assert not account.can_run(["false"])
    assert not account.can_run([str(tmp_path / "nowhere")])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").write_text("#!/bin/sh\n")
    (closed / "python").chmod(0o755)
    assert subprocess.run([closed / "python"], check=False).returncode == 0
    assert not account.can_run([str(closed / "python")])


@as_root
def test_an_interpreter_that_others_cannot_run_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed, folder = tmp_path / "closed", tmp_path / "folder"
    closed.mkdir(mode=0o700)
    folder.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(closed / "python"))
    choice = choose("auto", folder)
    assert choice.account is None
    assert choice.note == f"functions run as root: no other user can run {closed / 'python'}"
    assert folder.stat().st_mode & 0o777 == 0o700


@as_root
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no interpreter that everybody can run")
def test_another_interpreter_in_place_of_ours_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose library is closed to the user comes up with the system's, and measures something else."""
    folder = Path(tempfile.mkdtemp())
    try:
        monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
        assert choose("auto", folder).account is None
    finally:
        folder.rmdir()


@as_root
def test_the_way_to_a_program_is_gone_without_roots_rights(tmp_path: Path) -> None:
    """setpriv itself still has them while it starts a program."""
    account = Account.of(os.getpid())
    assert account is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copy("/bin/true", closed / "true")
    assert not account.can_run([str(closed / "true")])


def test_who_runs_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("own", tmp_path).account is None
    not_root = choose("auto", tmp_path, is_root=False)
    assert (not_root.account, not_root.note) == (None, None)
    with pytest.raises(UsageError, match="unknown user for functions 'nobody'"):
        choose("nobody", tmp_path)
    with pytest.raises(UsageError, match="cannot run as another user here"):
        choose("other", tmp_path, is_root=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    without = choose("auto", tmp_path, is_root=True)
    assert without.account is None
    assert "no setpriv" in str(without.note)
