"""The actions and the example workflows: what they may hold, and that they fit each other."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cli_reference
import pytest
import yaml
from arguments import REPORTS, Inputs, command_line
from composite_action import ROOT

ACTIONS = (ROOT / "action.yml", ROOT / "action" / "comment" / "action.yml")
WORKFLOWS = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
#: The example workflows that use the action, and how they name it.
OWN = re.compile(r"<owner>/powertune(/action/comment)?@0{40}")
USING = [path for path in WORKFLOWS if OWN.search(path.read_text())]
PAGE = ROOT / "docs" / "how-to" / "github-action.md"


def load(path: Path) -> Mapping[Any, Any]:
    loaded: Mapping[Any, Any] = yaml.safe_load(path.read_text())
    return loaded


def steps(path: Path) -> list[Mapping[str, Any]]:
    document = load(path)
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


def uses() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The file and the step of every use of the actions here."""
    for path in USING:
        for step in steps(path):
            if OWN.fullmatch(step.get("uses", "")):
                yield path.name, step


@pytest.mark.parametrize("path", [*ACTIONS, *WORKFLOWS], ids=lambda path: path.name)
def test_no_script_holds_an_expression(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", ""), step["name"]
        assert "shell" in step or "run" not in step or path in WORKFLOWS


@pytest.mark.parametrize("path", [*ACTIONS, *WORKFLOWS], ids=lambda path: path.name)
def test_other_actions_are_pinned_to_a_commit(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[^@]+@[0-9a-f]{40}", step["uses"]), step["uses"]
    for line in path.read_text().splitlines():
        assert "uses:" not in line or "<owner>" in line or re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_expressions_look_up_what_is_declared(path: Path) -> None:
    text, action = path.read_text(), load(path)
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    ids = {step["id"] for step in steps(path) if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)", text)) <= ids


def test_the_scripts_get_what_they_read() -> None:
    """Variables come from the runner or from `env`, by the name that the script reads."""
    given = {name for path in ACTIONS for step in steps(path) for name in step.get("env", {})}
    read = set()
    for script in (ROOT / "action").glob("*.py"):
        read |= set(re.findall(r"(?:value|lines)\(\"(\w+)\"\)", script.read_text()))
    assert {name for name in read if not name.startswith(("GITHUB_", "RUNNER_"))} <= given
    inline = "\n".join(step.get("run", "") for path in ACTIONS for step in steps(path))
    assert given <= read | set(re.findall(r"\$\{?(\w+)", inline))


@pytest.mark.parametrize("path", USING, ids=lambda path: path.name)
def test_workflows_grant_nothing_that_a_job_does_not_name(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 120
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            # Only the autopilot pushes.
            assert step["with"]["persist-credentials"] is (path.name == "autopilot.yml")


def test_only_the_workflow_without_code_of_the_pull_request_is_trusted() -> None:
    for path in WORKFLOWS:
        workflow = load(path)
        triggers = workflow[True]  # YAML 1.1 reads `on` as true
        assert "pull_request_target" not in triggers
        if "workflow_run" in triggers:
            assert not [step for step in steps(path) if "checkout" in step.get("uses", "")]


def test_the_comments_wait_for_the_gate_by_its_name() -> None:
    gate, comment = (
        load(ROOT / "examples" / "workflows" / f"gate-pull-request{end}.yml") for end in ("", "-comment")
    )
    assert comment[True]["workflow_run"]["workflows"] == [gate["name"]]


@pytest.mark.parametrize(("name", "step"), tuple(uses()), ids=lambda value: value if isinstance(value, str) else "")
def test_uses_of_the_actions_fit_their_inputs(name: str, step: Mapping[str, Any]) -> None:
    comment = "/action/comment@" in step["uses"]
    assert set(step.get("with", {})) <= set(load(ACTIONS[comment])["inputs"])


def lines(step: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(line for line in step.get("with", {}).get(name, "").split("\n") if line.strip())


def inputs(step: Mapping[str, Any]) -> Inputs:
    given = step.get("with", {})
    return Inputs(
        command=given.get("command", "gate"),
        options=lines(step, "options"),
        target=lines(step, "target"),
        budgets=lines(step, "budgets"),
        max_regression=given.get("max-regression", ""),
        on_inconclusive=given.get("on-inconclusive", ""),
    )


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, step) for name, step in uses() if "/comment@" not in step["uses"]],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_powertune_takes_the_command_line_of_the_examples(name: str, step: Mapping[str, Any]) -> None:
    given = inputs(step)
    _, *words = command_line(given, Path("/tmp/reports"), "1" * 40 if given.wants_base else None)
    context = COMMANDS[f"powertune {given.command}"]
    context.command.make_context(given.command, words, parent=context.parent)


COMMANDS = {context.command_path: context for context in cli_reference.commands(cli_reference.program())}


def test_every_command_of_the_action_is_one_of_powertune() -> None:
    assert {f"powertune {command}" for command in REPORTS} <= COMMANDS.keys()


def table(heading: str) -> dict[str, str]:
    """The first two columns of the table below a heading of the page."""
    text = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|([^|]*)\|", text, flags=re.MULTILINE)
    return {name: value.strip().strip("`") for name, value in rows}


def test_every_input_is_documented_with_its_default() -> None:
    declared = load(ACTIONS[0])["inputs"]
    shown = {name: each["default"] for name, each in declared.items()}
    shown["github-token"] = "the job's token"
    assert table("Inputs") == {name: str(default) or "none" for name, default in shown.items()}


def test_every_output_is_documented() -> None:
    assert table("Outputs").keys() == load(ACTIONS[0])["outputs"].keys()


def test_the_examples_are_listed() -> None:
    text = PAGE.read_text()
    for path in USING:
        assert f"examples/workflows/{path.name}" in text
