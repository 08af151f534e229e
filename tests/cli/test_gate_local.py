"""`powertune gate --local` on a repository with two commits: what fails, what passes, and that nothing is left."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from powertune.cli.app import run_app

pytestmark = pytest.mark.long

COMPUTES = """
import hashlib

DATA = b"x" * 4096


def handler(event, context):
    if event.get("fail"):
        raise KeyError("rounds")
    digest = b""
    for _ in range({rounds}):
        digest = hashlib.sha256(DATA + digest).digest()
    return digest.hex()
"""
#: About 50 ms on one processor.
ROUNDS = 13_000
#: How long a test waits for a process that will end, before it fails.
PATIENCE_S = 120.0


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose `fn` has one commit, and the person in it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_", "GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "gitconfig").write_text("[user]\nname = T\nemail = t@example.com\n[init]\ndefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    root = tmp_path / "repository"
    (root / "fn").mkdir(parents=True)
    monkeypatch.chdir(root)
    git("init", "--quiet")
    commit(1.0)
    return root


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout


def commit(slower: float, **files: str) -> None:
    """Commit a function that takes `slower` times as long."""
    Path("fn/app.py").write_text(COMPUTES.format(rounds=round(ROUNDS * slower)))
    for name, text in files.items():
        Path("fn", name.replace("_", ".")).write_text(text)
    git("add", "fn")
    git("commit", "--quiet", "--allow-empty", "-m", "commit")


def nothing_is_left() -> bool:
    """Neither a worktree nor a temporary folder of one."""
    left = [path for path in Path(os.environ["TMPDIR"]).iterdir() if path.name.startswith("powertune-base-")]
    return not left and git("worktree", "list").count("\n") == 1


GATE = ["gate", "--local", "fn/app.py:handler", "--baseline-ref", "HEAD~1"]


def test_code_that_is_30_percent_slower_fails_with_a_summary_that_names_the_change(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    commit(1.3)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    assert run_app([*GATE, "-o", "gate.json", "--save", "kept"]) == 10
    summary = Path("summary.md").read_text()
    assert "duration" in summary
    assert "% slower" in summary
    document = json.loads(Path("gate.json").read_text())
    (duration,) = [each for each in document["judgement"]["checks"] if each["metric"] == "duration"]
    low, high = duration["ratio"]["interval"]
    assert 1.05 < low < 1.3 < high < 1.5
    for name, ref in (("candidate", "HEAD"), ("baseline", "HEAD~1")):
        assert document[name].startswith(f"{ref}@{git('rev-parse', ref)[:7]}")
    assert {path.stem.rpartition("-")[2] for path in Path("kept").glob("*.json")} == {"candidate", "baseline"}
    assert nothing_is_left()
    assert git("status", "--porcelain") == "?? gate.json\n?? summary.md\n"
    capfd.readouterr()


@pytest.mark.parametrize("repeat", range(3))
def test_the_same_code_passes(repository: Path, repeat: int) -> None:
    commit(1.0)
    assert run_app([*GATE, "--quiet"]) == 0
    assert nothing_is_left()


def test_what_is_not_committed_is_what_is_measured(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    commit(1.0)
    Path("fn/app.py").write_text(COMPUTES.format(rounds=2 * ROUNDS))
    assert run_app([*GATE, "-o", "gate.json"]) == 10
    assert "not committed" in capfd.readouterr().err
    assert json.loads(Path("gate.json").read_text())["candidate"].endswith("-dirty")


def test_settings_and_scripts_of_the_base_commit_hold_for_it(repository: Path) -> None:
    """The first commit has another handler, and a script of its own: both run for it alone."""
    text = COMPUTES.format(rounds=1000).replace("def handler", "def old")
    Path("fn/app.py").write_text(text)
    Path("fn/setup.py").write_text(f"open({str(repository / 'ran')!r}, 'a').write('base ')\n")
    Path("fn/powertune.toml").write_text('[local]\nhandler = "app.old"\nsetup = "setup.py"\nmemory = 1769\n')
    git("add", "fn")
    git("commit", "--quiet", "-m", "base")
    Path("fn/app.py").write_text(text.replace("def old", "def handler"))
    Path("fn/setup.py").write_text(f"open({str(repository / 'ran')!r}, 'a').write('candidate ')\n")
    Path("fn/powertune.toml").write_text('[local]\nhandler = "app.handler"\nsetup = "setup.py"\nmemory = 1769\n')
    loosely = ["--max-regression", "duration=95%,cost=95%", "--max-invocations", "40", "--on-inconclusive", "pass"]
    assert run_app(["gate", "--local", "./fn", "--baseline-ref", "HEAD", *loosely, "--quiet"]) == 0
    assert Path("ran").read_text() == "base candidate "


def test_what_a_script_writes_into_its_folder_is_there_on_both_sides(repository: Path) -> None:
    Path("fn/app.py").write_text("import made\n" + COMPUTES.format(rounds=1000))
    Path("fn/setup.py").write_text("open('made.py', 'w').write('# made by the script')\n")
    Path("fn/powertune.toml").write_text('[local]\nhandler = "app.handler"\nsetup = "setup.py"\nmemory = 1769\n')
    Path("fn/.gitignore").write_text("made.py\n")
    git("add", "fn")
    git("commit", "--quiet", "-m", "base")
    loosely = ["--max-regression", "duration=95%,cost=95%", "--max-invocations", "40", "--on-inconclusive", "pass"]
    assert run_app(["gate", "--local", "./fn", "--baseline-ref", "HEAD", *loosely, "--quiet"]) == 0


def test_budgets_alone_need_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.py").write_text(COMPUTES.format(rounds=100))
    words = ["gate", "--local", "app.py:handler", "--memory", "512", "--quiet"]
    assert run_app([*words, "--budget", "avg<5s"]) == 0
    assert run_app([*words, "--budget", "avg<0.01ms"]) == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--baseline-ref", "nope"], "there is no commit 'nope'"),
        (["--baseline-ref", "empty"], "there is no 'fn' in empty@"),
        (["--baseline-ref", "other"], "in other@"),
    ],
)
def test_a_commit_without_the_code_is_named(
    words: list[str], said: str, repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git("checkout", "--quiet", "--orphan", "empty")
    git("rm", "-rfq", "--cached", "fn")
    git("commit", "--quiet", "--allow-empty", "-m", "empty")
    git("checkout", "--quiet", "-f", "main")
    git("checkout", "--quiet", "-b", "other")
    git("mv", "fn/app.py", "fn/elsewhere.py")
    git("commit", "--quiet", "-m", "other")
    git("checkout", "--quiet", "main")
    assert run_app(["gate", "--local", "fn/app.py:handler", *words]) == 2
    assert said in capfd.readouterr().err
    assert nothing_is_left()


def test_a_base_commit_that_fails_is_named(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("fn/app.py").write_text("def handler(event, context):\n    raise KeyError('rounds')\n")
    git("commit", "--quiet", "-am", "broken")
    commit(1.0)
    assert run_app([*GATE, "--quiet"]) == 7
    assert "the baseline HEAD~1@" in capfd.readouterr().err
    assert nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_saves_what_was_measured_and_leaves_nothing(repository: Path, number: int) -> None:
    commit(1.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "powertune", *GATE, "--save", "kept"], stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not list(Path().glob("kept/*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
    assert process.returncode == 130, said
    assert "error: interrupted" in said
    for file in Path("kept").glob("*.json"):
        assert run_app(["report", str(file), "--format", "json", "-o", "report.json"]) in (0, 8)
        assert json.loads(file.read_text())["stopped"] == "interrupted"
    assert nothing_is_left()


def test_calibrating_prints_what_a_gate_takes(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["--local", "fn/app.py:handler", "--repeats", "2", "-o", "noise.json", "--quiet"]
    assert run_app(["gate", "calibrate", *words]) == 0
    printed = capfd.readouterr().out
    assert "smallest effect" in printed
    assert "[gate]\n" in printed
    assert 'min_effect = "duration=' in printed
    document = json.loads(Path("noise.json").read_text())
    assert {each["metric"] for each in document["metrics"]} >= {"duration", "cost"}
    assert {each["pairs"] for each in document["metrics"]} == {2}
