"""`powertune apply` as a person types it, against the embedded AWS, which really routes and really counts."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from factories import make_measurement, make_run
from held_endpoint import held_endpoint
from settled import settle
from terminals import terminal

from powertune import results
from powertune.aws.identity import ConnectionOptions
from powertune.aws.preflight import preflight
from powertune.cli.app import run_app
from powertune.cli.site import open_site
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import own_architecture
from powertune.model import FunctionRef, TuningRun

HANDLER = """
import os

def handler(event, context):
    if os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] in event.get("fails_at", ()):
        raise RuntimeError("injected")
    return {}
"""
SIZE = f"512 MB {own_architecture()}"
InEffect = tuple[int, str, dict[str, float]]
BEFORE: InEffect = (256, "1", {})
AFTER: InEffect = (512, "2", {})


@dataclass(frozen=True)
class Deployed:
    """A function of a test's own: CloudWatch would remember one of the same name."""

    client: Any
    name: str

    def in_effect(self) -> InEffect:
        """The size of $LATEST, and where the alias leads."""
        alias = self.client.get_alias(FunctionName=self.name, Name="prod")
        assert alias["Description"] == "everybody's"
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        latest = self.client.get_function_configuration(FunctionName=self.name)
        return latest["MemorySize"], alias["FunctionVersion"], weights

    def own_aliases(self) -> list[str]:
        """Powertune's."""
        aliases = self.client.list_aliases(FunctionName=self.name)["Aliases"]
        return [alias["Name"] for alias in aliases if alias["Name"].startswith("powertune")]

    def configuration(self) -> dict[str, Any]:
        """Everything that is configured but for the size, and what AWS changes by itself."""
        found = self.client.get_function_configuration(FunctionName=self.name)
        ignored = ("MemorySize", "LastModified", "RevisionId", "ResponseMetadata", "ConfigSha256")
        return {key: value for key, value in found.items() if key not in ignored}

    def measured_run(self) -> TuningRun:
        """A run of the function as it is, which is sure of 512 MB."""
        with open_site(self.name, ConnectionOptions()) as site:
            state = preflight(site.connection.aws(rate=1000), FunctionRef(name=self.name), now=time.time()).state
        slow, fast = [200.0, 201.0, 202.0] * 8, [50.0, 51.0, 52.0] * 8
        measurements = (
            make_measurement(memory_mb=256, durations=slow, lanes=4, architecture=state.architecture),
            make_measurement(memory_mb=512, durations=fast, lanes=4, architecture=state.architecture),
        )
        return make_run(measurements=measurements, function=state, run_id="0a1b2c3d")


@pytest.fixture
def function(
    aws_environment: EmbeddedAWS, client: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Deployed]:
    name = f"applied-{zlib.crc32(request.node.nodeid.encode())}"
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(folder)},
        MemorySize=256,
        Environment={"Variables": {"KEY": "1"}},
    )
    settle(client, name)
    client.publish_version(FunctionName=name, Description="theirs")
    client.create_alias(FunctionName=name, Name="prod", FunctionVersion="1", Description="everybody's")
    deployed = Deployed(client, name)
    save(deployed.measured_run())
    yield deployed
    client.delete_function(FunctionName=name)


def save(run: TuningRun) -> None:
    Path("run.json").write_bytes(results.dump(run))


@contextlib.contextmanager
def production(name: str, event: dict[str, Any]) -> Iterator[None]:
    """Somebody invokes the alias all the time."""
    over = threading.Event()

    def invoke() -> None:
        with contextlib.closing(boto3.Session().client("lambda")) as client:
            while not over.is_set():
                client.invoke(FunctionName=name, Qualifier="prod", Payload=json.dumps(event).encode())

    threads = [threading.Thread(target=invoke) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.long
@pytest.mark.supports(
    "lambda:UpdateAlias", "RoutingConfig: weights that are set, and taken away, while it is invoked"
)
def test_a_canary_with_injected_errors_is_rolled_back(function: Deployed, capfd: pytest.CaptureFixture[str]) -> None:
    before = function.configuration()
    with production(function.name, {"fails_at": ["512"]}):
        code = run_app(["apply", "run.json", "--alias", "prod", "--canary", "30%", "--yes"])
    said = capfd.readouterr().err
    assert code == 10, said
    assert function.in_effect() == BEFORE
    assert function.own_aliases() == []
    assert function.configuration() == before
    assert "invocations of version 2 failed, and 0 of" in said
    assert f"{function.name} is rolled back\n" in said
    assert "version 2 is kept, as requests may still be on their way to it; to delete it later: aws lambda " in said


@pytest.mark.long
def test_an_untroubled_canary_is_promoted_and_can_be_rolled_back(
    function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    before = function.configuration()
    options = ("--alias", "prod", "--canary", "50%", "--watch", "5s", "--min-invocations", "20", "--yes")
    with production(function.name, {}):
        # Two versions of the same code differ by less than the noise of this machine, which is loaded.
        code = run_app(["apply", "run.json", *options, "--max-p95-increase", "100%"])
    said = capfd.readouterr().err
    assert code == 0, said
    assert function.in_effect() == AFTER
    assert function.own_aliases() == ["powertune-applied-prod"]
    assert function.configuration() == before
    assert f"{function.name} has {SIZE}, and alias prod leads to version 2" in said
    assert f"to undo it: powertune apply --rollback {function.name}:prod" in said
    assert run_app(["apply", "run.json", "--alias", "prod", "--yes"]) == 0
    assert f"nothing to do: {function.name}:prod has {SIZE} already" in capfd.readouterr().err
    assert run_app(["apply", "--rollback", f"{function.name}:prod", "--yes"]) == 0
    assert function.in_effect() == BEFORE
    assert function.own_aliases() == []


@pytest.mark.long
def test_a_canary_that_nobody_invokes_is_rolled_back_as_undecided(
    function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run_app(["apply", "run.json", "--alias", "prod", "--canary", "10%", "--watch", "1s", "--yes"])
    assert code == 8
    assert function.in_effect() == BEFORE
    assert "too few invocations to tell: version 2 had 0 invocations" in capfd.readouterr().err


def test_the_size_alone_is_applied_to_latest(function: Deployed, capfd: pytest.CaptureFixture[str]) -> None:
    before = function.configuration()
    assert run_app(["apply", "run.json", "--dry-run"]) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith(f"{function.name} in us-east-1: from 256 MB {own_architecture()} to {SIZE}, rec")
    assert "aliases stay with their versions: prod (version 1)" in shown.out
    assert function.in_effect() == BEFORE
    assert run_app(["apply", "run.json", "--yes"]) == 0
    assert function.in_effect() == (512, "1", {})
    assert function.configuration() == before
    capfd.readouterr()
    assert run_app(["apply", "--rollback", function.name, "--dry-run"]) == 0
    assert "$LATEST has 512 MB, and gets 256 MB back" in capfd.readouterr().out
    assert run_app(["apply", "--rollback", function.name, "--yes"]) == 0
    assert function.in_effect() == BEFORE
    assert run_app(["apply", "--rollback", function.name, "--yes"]) == 5


def test_the_alias_that_was_measured_is_moved(function: Deployed) -> None:
    run = function.measured_run()
    save(replace(run, function=replace(run.function, qualifier="prod")))
    assert run_app(["apply", "run.json", "--yes", "--quiet"]) == 0
    assert function.in_effect() == AFTER


def test_nobody_to_ask_is_refused_before_anything_is_looked_at(
    function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["apply", "run.json"]) == 2
    assert f"no terminal to ask on before changing {function.name}" in capfd.readouterr().err
    assert run_app(["apply", "--rollback", function.name]) == 2
    assert function.in_effect() == BEFORE


def test_what_was_deployed_since_is_not_overwritten(function: Deployed, capfd: pytest.CaptureFixture[str]) -> None:
    function.client.update_function_configuration(FunctionName=function.name, Timeout=17)
    settle(function.client, function.name)
    assert run_app(["apply", "run.json", "--yes"]) == 2
    assert f"the configuration of $LATEST of {function.name} is not what run 0a1b2c3d" in capfd.readouterr().err
    assert function.in_effect() == BEFORE


WRONG = (
    (("--memory", "256,512"), "names 2 sizes"),
    (("--memory", "64"), "out of range"),
    (("--memory", "512", "--strategy", "cost"), "--strategy is for a recommendation, and --memory names the size"),
    (("--memory", "1GB"), "hint: for example --memory 512\n"),
    (("--canary", "10%"), "--canary needs an alias"),
    (("--alias", "prod", "--canary", "100%"), "leaves no invocations"),
    (("--alias", "prod", "--canary", "10"), "error: --canary '10' is not a share"),
    (("--alias", "prod", "--watch", "10m"), "--watch is for a canary"),
    (("--alias", "prod", "--canary", "10%", "--watch", "10"), "error: --watch '10' is not a span of time"),
    (("--alias", "prod", "--canary", "10%", "--min-invocations", "0"), "is not a whole number"),
    (("--alias", "17"), "is not the name of an alias"),
    (("--alias", "powertune-journal"), "begins with powertune-"),
    (("--rollback",), "is not a function"),
    (("--rollback", "--memory", "512"), "--memory is not for a rollback"),
    (("--region", "eu-west-1"), "is not the region of"),
)


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_wrong_options_are_said_before_anything_is_changed(
    options: tuple[str, ...], words: str, function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["apply", "run.json", "--yes", *options]) == 2
    assert words in capfd.readouterr().err
    assert function.in_effect() == BEFORE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("",), "no results file is named"),
        # What is wrong comes before who may be asked.
        (("run.json", "--region", "eu-west-1"), "is not the region of"),
        (("run.json", "--region", "eu-west-1", "--iac", "template.yaml"), "is not the region of"),
    ],
)
def test_what_is_wrong_is_said_although_nobody_can_be_asked(
    arguments: tuple[str, ...], words: str, function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["apply", *arguments]) == 2
    assert words in capfd.readouterr().err
    assert function.in_effect() == BEFORE


def test_a_named_size_is_applied_with_a_warning_if_it_was_not_measured(
    function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["apply", "run.json", "--memory", "320", "--yes"]) == 0
    assert "run 0a1b2c3d has not measured 320 MB" in capfd.readouterr().err
    assert function.in_effect() == (320, "1", {})


@contextlib.contextmanager
def watching() -> Iterator[subprocess.Popen[bytes]]:
    """A process that watches a canary, which gets its share by now."""
    words = ["apply", "run.json", "--alias", "prod", "--canary", "10%", "--watch", "10m", "--yes"]
    with subprocess.Popen([sys.executable, "-m", "powertune", *words], stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            os.set_blocking(process.stderr.fileno(), True)
            for line in process.stderr:
                if line.startswith(b"version 2:"):
                    break
            yield process
        finally:
            process.kill()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_rolls_back_however_often_it_comes(number: signal.Signals, function: Deployed) -> None:
    with watching() as process:
        assert function.in_effect() == (512, "1", {"2": 0.1})
        for _ in range(3):
            process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait() == 130
    assert f"interrupted; {function.name} is as it was before" in said
    assert function.in_effect() == BEFORE
    assert function.own_aliases() == []


@pytest.mark.long
@pytest.mark.parametrize("command", ["apply --rollback {}:prod", "restore {}"])
def test_what_a_killed_process_has_left_is_rolled_back_by_another(
    command: str, function: Deployed, capfd: pytest.CaptureFixture[str]
) -> None:
    with watching() as process:
        process.kill()
        process.wait()
    assert function.in_effect() == (512, "1", {"2": 0.1})
    assert run_app(["apply", "run.json", "--alias", "prod", "--yes"]) == 2
    assert f"is active on {function.name}, or has died on it" in capfd.readouterr().err
    assert run_app([*command.format(function.name).split(), "--yes"]) == 0
    assert function.in_effect() == BEFORE
    assert function.own_aliases() == []


@pytest.mark.long
def test_ctrl_c_again_and_again_at_a_terminal_abandons_the_rollback(
    function: Deployed, aws_environment: EmbeddedAWS
) -> None:
    words = ("apply", "run.json", "--alias", "prod", "--canary", "10%", "--endpoint-url")
    with held_endpoint(aws_environment.endpoint_url) as held, terminal(*words, held.url) as window:
        window.wait_for("apply this? [y/N]")
        window.say("y")
        window.wait_for("version 2:")
        window.process.send_signal(signal.SIGINT)
        assert held.undoing.wait(60)
        window.process.send_signal(signal.SIGINT)
        window.wait_for("press Ctrl-C once more to leave everything as it is")
        window.process.send_signal(signal.SIGINT)
        window.wait_for(f"hint: powertune apply --rollback {function.name}:prod")
        assert window.end() == 9
        held.go_on.set()
    # The last call may have arrived all the same.
    assert run_app(["restore", function.name, "--yes"]) == 0
    assert function.in_effect() == BEFORE
    assert function.own_aliases() == []


def test_a_file_that_is_none(function: Deployed) -> None:
    assert run_app(["apply", "nothing.json", "--yes"]) in (2, 5)
    assert function.in_effect() == BEFORE
