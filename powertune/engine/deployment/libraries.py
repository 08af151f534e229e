"""The libraries of the steps: wheels for Lambda's Python and processor, or those that run here, for this machine."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from powertune.engine.deployment.bundle import is_wanted, read_folder
from powertune.errors import UsageError
from powertune.model import Architecture

#: Runs a command, and returns its exit status and what it has said.
Runner = Callable[[Sequence[str]], tuple[int, str]]
#: The glibc that wheels may ask for: Amazon Linux 2023 has 2.34. pip takes each tag literally.
_GLIBC = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
_MACHINE = {Architecture.ARM64: "aarch64", Architecture.X86_64: "x86_64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlatform:
    """What the steps run on: a runtime of Lambda, such as `python3.14`, and a processor."""

    runtime: str
    architecture: Architecture

    @property
    def python(self) -> str:
        """The version of Python, such as `3.14`."""
        return self.runtime.removeprefix("python")


#: The newest runtime for which the pinned libraries have wheels, on the cheaper processor; as in the template.
ON_AWS = WorkerPlatform(runtime="python3.14", architecture=Architecture.ARM64)


def this_machine(architecture: Architecture) -> WorkerPlatform:
    """What runs here, for the embedded AWS: its functions run with the Python that runs powertune."""
    return WorkerPlatform(
        runtime=f"python{sys.version_info.major}.{sys.version_info.minor}", architecture=architecture
    )


def requirements() -> tuple[str, ...]:
    """The libraries and their versions: `numpy==2.4.6`."""
    text = (files("powertune") / "data" / "worker-requirements.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def run_command(command: Sequence[str]) -> tuple[int, str]:
    """Run a command without its saying anything; returns its exit status, and what it has said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip or uv
    return done.returncode, f"{done.stdout}\n{done.stderr}".strip()


def download_libraries(worker: WorkerPlatform, run: Runner = run_command) -> dict[str, bytes]:
    """The files of the libraries for a runtime and a processor, from the index that pip or uv is set up to use.

    Raises:
        UsageError: there is neither pip nor uv, or it could not install them.
    """
    with tempfile.TemporaryDirectory(prefix="powertune-") as folder:
        command = installer(worker, folder)
        status, said = run(command)
        if status != 0:
            last = said.splitlines()[-1] if said else f"exit status {status}"
            raise UsageError(
                f"cannot install {', '.join(requirements())} for {worker.runtime} on {worker.architecture}: {last}",
                hint=f"see what is wrong: {' '.join(command)}",
            )
        return read_folder(Path(folder))


def installer(
    worker: WorkerPlatform, folder: str, *, pip: bool | None = None, which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """The command that installs the libraries into a folder.

    Args:
        pip: whether this Python has pip; looked up by default. Environments that uv has made have none.

    Raises:
        UsageError: there is neither pip nor uv.
    """
    machine, wanted = _MACHINE[worker.architecture], requirements()
    same = ["--target", folder, "--python-version", worker.python, "--only-binary", ":all:", "--no-deps", *wanted]
    if pip if pip is not None else importlib.util.find_spec("pip") is not None:
        platforms = [word for tag in _GLIBC for word in ("--platform", f"{tag}_{machine}")]
        options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--implementation", "cp", *platforms]
        return [sys.executable, "-m", "pip", "install", *options, *same]
    if (uv := which("uv")) is not None:
        return [uv, "pip", "install", "--quiet", "--python-platform", f"{machine}-manylinux_2_28", *same]
    raise UsageError(
        "the libraries of the steps cannot be installed: there is neither pip nor uv",
        hint=f"{sys.executable} -m ensurepip, or install uv",
    )


def installed_libraries() -> dict[str, bytes]:
    """The files of the libraries that this Python runs with: what the embedded AWS needs takes no download."""
    found: dict[str, bytes] = {}
    for requirement in requirements():
        distribution = metadata.distribution(requirement.partition("==")[0])
        for file in distribution.files or ():
            name, path = file.as_posix(), Path(str(distribution.locate_file(file)))
            if not name.startswith("../") and is_wanted(name) and path.is_file():
                found[name] = path.read_bytes()
    return found
