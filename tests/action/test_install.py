"""The step that installs powertune, from a checkout of the repository as a tag gives it."""

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest
from action_job import Job
from composite_action import ROOT, CompositeAction

_PYTHON = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$LOG"
printf '%s\\n' "$PWD" >> "$LOG-places"
if [ "$1 $2 $3" = "-I -m venv" ]; then
  mkdir -p "$4/bin"
  cp "$0" "$4/bin/pip"
fi
"""


def installed(job: Job, **inputs: str) -> list[str]:
    """What Python and pip are asked, one call a line."""
    python = job.folder / "a folder" / "python"
    python.parent.mkdir()
    python.write_text(_PYTHON)
    python.chmod(0o755)
    action = job.action({})
    action.instead = {
        "actions/setup-python": lambda _inputs: {"python-path": str(python)},
        "measure": lambda _inputs: {},
    }
    action.variables = {**action.variables, "LOG": str(job.folder / "log")}
    assert not action.run(**inputs).failed
    return (job.folder / "log").read_text().splitlines()


def test_the_checkout_of_the_action_is_installed(job: Job) -> None:
    assert installed(job) == [
        f"-I -m venv {job.folder}/temp/powertune-python",
        "install --quiet --disable-pip-version-check .[local]",
    ]


@pytest.mark.parametrize("package", ["powertune @ https://example.com/x.whl", "--index-url=x", "$(touch evaluated)"])
def test_another_package_is_one_word_and_never_an_option(job: Job, package: str) -> None:
    assert installed(job, package=package)[1] == f"install --quiet --disable-pip-version-check -- {package}"
    assert list(job.folder.rglob("evaluated")) == []


@pytest.mark.parametrize("file", ["functions/a b/requirements.txt", "--pre", "$(touch evaluated)"])
def test_libraries_of_functions_are_installed_before_powertune(job: Job, file: str) -> None:
    _, libraries, powertune = installed(job, requirements=file)
    assert libraries == f"install --quiet --disable-pip-version-check --requirement={file}"
    assert powertune.endswith(" .[local]")
    assert list(job.folder.rglob("evaluated")) == []


def test_paths_of_files_to_install_start_in_the_working_directory(job: Job) -> None:
    place = job.folder / "workspace" / "services" / "orders"
    place.mkdir(parents=True)
    installed(job, requirements="requirements.txt", package="powertune.whl", working_directory="services/orders")
    assert (job.folder / "log-places").read_text().splitlines()[1:] == [str(place), str(place)]


@pytest.mark.long
def test_powertune_is_built_from_what_a_tag_holds(job: Job) -> None:
    """Only powertune is built and installed; its libraries are those of this environment."""
    builder = job.folder / "builder"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(builder), "hatchling"]
    if subprocess.run([*pip, "--constraint", str(ROOT / "requirements" / "constraints.txt")], check=False).returncode:
        pytest.skip("hatchling could not be installed")
    checkout = job.folder / "a checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.split("\0"):
        if name and not name.startswith(("tests/", "docs/", "benchmarks/", "reports/")):
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    action = CompositeAction(
        file=checkout / "action.yml",
        temp=job.folder / "temp",
        workspace=job.workspace,
        instead={
            "actions/setup-python": lambda _inputs: {"python-path": sys.executable},
            "measure": lambda _inputs: {},
        },
        # pip reads "no isolation: no" as no isolation.
        variables={"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": str(builder)},
        contexts={"github": {"token": ""}},
    )
    ended = action.run()
    assert not ended.failed, ended.logs
    folder = job.folder / "temp" / "powertune-python"
    (package,) = folder.glob("lib/python*/site-packages/powertune")
    assert (package / "statemachine" / "template.yaml").exists()
    shown = subprocess.run(
        [folder / "bin" / "powertune", "--version"],
        env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")},
        cwd=job.workspace,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("powertune ")
