"""The example of a scheduled workflow: its permissions, and its script as GitHub runs it."""

import os
import subprocess
from pathlib import Path
from typing import Any

import cli_reference
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PATH = ROOT / "examples" / "workflows" / "autopilot.yml"


@pytest.fixture(scope="module")
def workflow() -> Any:
    return YAML(typ="safe").load(PATH.read_text())


def script(workflow: Any) -> str:
    (found,) = [
        step["run"] for step in workflow["jobs"]["autopilot"]["steps"] if "powertune autopilot" in step.get("run", "")
    ]
    return str(found)


def test_it_may_do_what_the_page_says_and_nothing_else(workflow: Any) -> None:
    permissions = workflow["jobs"]["autopilot"]["permissions"]
    assert permissions == {"contents": "write", "pull-requests": "write", "id-token": "write"}
    page = (ROOT / "docs" / "how-to" / "autopilot.md").read_text()
    for name, level in permissions.items():
        assert f"| `{name}: {level}` |" in page


def test_nothing_that_a_person_sets_becomes_a_part_of_the_script(workflow: Any) -> None:
    assert "${{" not in script(workflow)


def run(workflow: Any, tmp_path: Path, powertune: str) -> tuple[int, str]:
    """Run the script as GitHub does, with a command that stands for powertune; returns exit code and summary."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "powertune").write_text(f"#!/bin/sh\n{powertune}\n")
    (folder / "powertune").chmod(0o755)
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "FUNCTIONS": "orders-*,resize",
        "STATE": "s3://bucket/powertune",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(workflow)],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
    )
    summary = tmp_path / "summary.md"
    return done.returncode, summary.read_text() if summary.exists() else ""


def test_its_script_writes_the_outcome_to_the_summary(workflow: Any, tmp_path: Path) -> None:
    code, summary = run(workflow, tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/arguments; echo "orders: open #1"')
    assert (code, summary) == (0, "```text\norders: open #1\n```\n")
    name, *arguments = (tmp_path / "arguments").read_text().splitlines()
    contexts = {context.command_path: context for context in cli_reference.commands(cli_reference.program())}
    context = contexts[f"powertune {name}"]
    parsed = context.command.make_context(name, list(arguments), parent=context.parent)
    assert parsed.params["functions"] == ["orders-*,resize"]
    assert (parsed.params["state"], parsed.params["yes"]) == ("s3://bucket/powertune", True)


def test_a_failure_of_the_command_is_one_of_the_job_and_its_outcome_is_there(workflow: Any, tmp_path: Path) -> None:
    code, summary = run(workflow, tmp_path, 'echo "orders: open: failed"; exit 9')
    assert (code, summary) == (9, "```text\norders: open: failed\n```\n")
