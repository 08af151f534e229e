"""Runs the steps of a composite action as GitHub's runner does: scripts as they are, stand-ins for other actions."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from action_expressions import evaluate, resolve, truth

ROOT = Path(__file__).parents[1]
#: Names of steps by what they get: inputs in, outputs out.
StandIn = Callable[[Mapping[str, str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the steps of an action ended."""

    failed: bool
    outputs: Mapping[str, str]
    #: The names of the steps that ran, and what each has printed.
    logs: Mapping[str, str]
    summary: str


@dataclass(kw_only=True)
class CompositeAction:
    """An action, and where it runs.

    `instead` answers for a step by its id, or for an action by its name, without a version.
    """

    file: Path
    temp: Path
    workspace: Path
    instead: Mapping[str, StandIn] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, Any] = field(default_factory=dict)
    #: Called with the name and the process of each script that has started.
    started: Callable[[str, "subprocess.Popen[str]"], None] = lambda _name, _process: None

    def run(self, **given: str) -> Ended:
        """Run the steps with these inputs, underscores for hyphens."""
        action = yaml.safe_load(self.file.read_text())
        inputs = {name: declared.get("default", "") for name, declared in action["inputs"].items()}
        for name, text in given.items():
            assert name.replace("_", "-") in inputs, name
            inputs[name.replace("_", "-")] = text
        scope: dict[str, Any] = {"steps": {}, "runner": {"temp": str(self.temp)}, **self.contexts, "failed": False}
        scope["inputs"] = {name: resolve(text, scope) for name, text in inputs.items()}
        logs: dict[str, str] = {}
        for step in action["runs"]["steps"]:
            if truth(evaluate(condition(step), scope)):
                code, outputs, logs[step["name"]] = self._step(step, scope)
                scope["steps"][step.get("id", step["name"])] = {"outputs": outputs}
                scope["failed"] = scope["failed"] or code != 0
        outputs = {name: resolve(each["value"], scope) for name, each in action.get("outputs", {}).items()}
        summary = "".join(path.read_text() for path in sorted(self.temp.glob("summary-*")))
        return Ended(failed=scope["failed"], outputs=outputs, logs=logs, summary=summary)

    def _step(self, step: Mapping[str, Any], scope: dict[str, Any]) -> tuple[int, Mapping[str, str], str]:
        stand_in = self.instead.get(step.get("id", "")) or self.instead.get(step.get("uses", "").partition("@")[0])
        values = {name: resolve(text, scope) for name, text in step.get("with", step.get("env", {})).items()}
        if stand_in is not None:
            return 0, stand_in(values), ""
        assert step["shell"] == "bash", f"nothing stands in for {step}"
        number = len(scope["steps"])
        script, output, summary = (self.temp / f"{name}-{number}" for name in ("script", "output", "summary"))
        script.write_text(step["run"])
        output.touch()
        with subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={**self._environment(), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), **values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as started:
            self.started(step["name"], started)
            said, _ = started.communicate()
        return started.returncode, written(output.read_text()), said

    def _environment(self) -> dict[str, str]:
        own = {name: text for name, text in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))}
        runner = {"CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(self.temp)}
        return {**own, **runner, "GITHUB_ACTION_PATH": str(self.file.parent), **self.variables}


def python(_inputs: Mapping[str, str]) -> Mapping[str, str]:
    """Stands in for actions/setup-python."""
    return {"python-path": sys.executable}


def uploading(artifacts: Path) -> StandIn:
    """Stands in for actions/upload-artifact: artifacts land in a folder."""

    def upload(inputs: Mapping[str, str]) -> Mapping[str, str]:
        assert inputs["if-no-files-found"] in ("warn", "error", "ignore")
        shutil.copytree(inputs["path"], artifacts / inputs["name"])
        return {"artifact-id": "1"}

    return upload


def written(text: str) -> dict[str, str]:
    """The outputs in a file of GITHUB_OUTPUT, in both of its syntaxes."""
    outputs, lines = {}, iter(text.split("\n")[:-1])
    for line in lines:
        name, sign, rest = re.fullmatch(r"([^=<]+)(=|<<)(.*)", line).groups()  # type: ignore[union-attr]
        if sign == "=":
            outputs[name] = rest
            continue
        held = []
        while (line := next(lines)) != rest:
            held.append(line)
        outputs[name] = "\n".join(held)
    return outputs


def condition(step: Mapping[str, Any]) -> str:
    """A step without a status function in its condition runs only if all went well."""
    text = str(step.get("if", "success()")).strip().removeprefix("${{").removesuffix("}}")
    return text if re.search(r"\b(always|success|failure|cancelled)\(\)", text) else f"success() && ({text})"
