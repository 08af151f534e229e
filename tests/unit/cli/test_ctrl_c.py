"""Ctrl-C before there is anything to restore. Real processes, held while they are imported."""

import signal
import subprocess
import sys
from pathlib import Path

#: A module that takes the place of one that the program imports, and stays in its import.
HELD = "import sys, time\nsys.stdout.write('importing')\nsys.stdout.flush()\ntime.sleep(60)\n"
#: One that is interrupted, and goes on.
IGNORED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit(7)\n"
#: The program with a command line that lets a Ctrl-C through.
AGAIN = """
import os, signal, sys, types
from powertune.__main__ import main
app = types.ModuleType("powertune.cli.app")
app.start = lambda: os.kill(os.getpid(), signal.SIGINT)
sys.modules["powertune.cli.app"] = app
raise SystemExit(main())
"""


def test_ctrl_c_while_the_program_is_imported_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(HELD)
    command = [sys.executable, "-m", "powertune", "--version"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(9) == b"importing"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err == b""


def test_a_program_that_is_to_ignore_ctrl_c_does(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(IGNORED)
    done = subprocess.run(
        [sys.executable, "-m", "powertune", "--version"],
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (7, b"")


def test_ctrl_c_again_while_the_first_is_answered_shows_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", AGAIN], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
