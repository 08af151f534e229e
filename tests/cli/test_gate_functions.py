"""`powertune gate --run` on the embedded AWS: two aliases side by side, and that nothing is changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeLambda, fake_aws
from settled import settle

from powertune.aws import connection as connecting
from powertune.aws.actions import ACTIONS
from powertune.aws.iam_policy import Grant, policy
from powertune.aws.preflight import preflight_as_is
from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.model import FunctionRef

pytestmark = pytest.mark.long

WAITS = """
import time

def handler(event, context):
    if event.get("fail"):
        raise KeyError("rounds")
    time.sleep({seconds})
"""
NAME = "gated"


@pytest.fixture
def aliases(aws_environment: EmbeddedAWS, client: Any, tmp_path: Path) -> Any:
    """A function whose alias `prod` waits for 60 ms, and `candidate` for 90 ms; `again` is the code of `prod`."""
    folder = tmp_path / "code"
    folder.mkdir()

    def package(seconds: float) -> bytes:
        (folder / "app.py").write_text(WAITS.format(seconds=seconds))
        return zip_folder(folder)

    client.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        MemorySize=512,
        Code={"ZipFile": package(0.06)},
    )
    for alias, seconds in (("prod", 0.06), ("again", 0.06), ("candidate", 0.09)):
        settle(client, NAME)
        client.update_function_code(FunctionName=NAME, ZipFile=package(seconds))
        settle(client, NAME)
        client.update_function_configuration(FunctionName=NAME, Description=alias)
        settle(client, NAME)
        version = client.publish_version(FunctionName=NAME)["Version"]
        client.create_alias(FunctionName=NAME, Name=alias, FunctionVersion=version)
    settle(client, NAME)
    yield client
    client.delete_function(FunctionName=NAME)


def state(client: Any) -> tuple[Any, ...]:
    configuration = client.get_function_configuration(FunctionName=NAME)
    configuration.pop("ResponseMetadata")
    versions = [each["Version"] for each in client.list_versions_by_function(FunctionName=NAME)["Versions"]]
    return configuration, versions, client.list_aliases(FunctionName=NAME)["Aliases"]


def test_a_slower_alias_fails_and_nothing_is_changed(aliases: Any, capfd: pytest.CaptureFixture[str]) -> None:
    before = state(aliases)
    words = ["gate", "--run", f"{NAME}:candidate", "--baseline-run", f"{NAME}:prod", "--yes", "-o", "gate.json"]
    assert run_app([*words, "--save", "kept"]) == 10
    assert state(aliases) == before
    document = json.loads(Path("gate.json").read_text())
    (duration,) = [each for each in document["judgement"]["checks"] if each["metric"] == "duration"]
    assert 1.3 < duration["ratio"]["value"] < 1.7
    assert "gated:candidate (version 3)" in capfd.readouterr().err
    # Each side is an ordinary run.
    files = sorted(Path("kept").glob("*.json"))
    assert [file.stem.rpartition("-")[2] for file in files] == ["baseline", "candidate"]
    for file in files:
        assert run_app(["report", str(file), "--format", "json"]) == 0
        assert json.loads(capfd.readouterr().out)["profiles"][0]["status"] == "ok"
    assert run_app(["baseline", "save", str(files[0]), "--to", "kept/baselines"]) == 0
    words = ["--baseline", "kept/baselines", "--yes", "--quiet"]
    assert run_app(["gate", "--run", f"{NAME}:candidate", *words]) == 10


def test_the_same_code_passes(aliases: Any) -> None:
    words = ["gate", "--run", f"{NAME}:again", "--baseline-run", f"{NAME}:prod", "--yes", "--quiet"]
    assert run_app([*words, "--max-regression", "duration=15%,cost=15%"]) == 0


def test_sizes_that_are_named_are_an_ordinary_run(aliases: Any, capfd: pytest.CaptureFixture[str]) -> None:
    before = state(aliases)
    budgets = ["--budget", "avg<1s", "--max-spend", "0.5"]
    assert run_app(["gate", "--run", NAME, "--memory", "512,1024", *budgets, "--yes", "--format", "json"]) == 0
    checks = json.loads(capfd.readouterr().out)["judgement"]["checks"]
    assert {check["configuration"]["memory_mb"] for check in checks} == {512, 1024}
    after = state(aliases)
    lasting = [
        {k: v for k, v in each[0].items() if k not in ("RevisionId", "LastModified")} for each in (before, after)
    ]
    assert (lasting[0], before[1:]) == (lasting[1], after[1:])


def test_a_candidate_that_fails_is_named_with_what_it_says(aliases: Any, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["gate", "--run", f"{NAME}:candidate", "--baseline-run", f"{NAME}:prod", "--yes"]
    assert run_app([*words, "-p", '{"fail": true}']) == 7
    assert "KeyError" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--run", "nope", "--budget", "avg<1s"], 5, "nope"),
        (["--run", f"{NAME}:nope", "--budget", "avg<1s"], 5, "no alias nope"),
        (["--run", f"{NAME}:99", "--budget", "avg<1s"], 5, "no version 99"),
    ],
)
def test_what_is_not_there_is_named(
    words: list[str], code: int, said: str, aliases: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["gate", *words, "--yes"]) == code
    assert said in capfd.readouterr().err


def test_the_policy_for_gate_is_what_a_gate_calls(
    aliases: Any, aws_environment: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: set[str] = set()
    connect = connecting.Connection.aws

    def counting(self: Any, **options: Any) -> Any:
        aws = connect(self, **options)
        aws.counted = called.add
        return aws

    monkeypatch.setattr(connecting.Connection, "aws", counting)
    words = ["gate", "--run", f"{NAME}:again", "--baseline-run", f"{NAME}:prod", "--yes", "--quiet"]
    loosely = ["--max-regression", "duration=90%,cost=90%", "--on-inconclusive", "pass"]
    assert run_app([*words, "--max-invocations", "60", *loosely]) == 0
    allowed = {
        action
        for statement in policy("gate", FunctionRef(name=NAME), Grant())["Statement"]
        for action in statement["Action"]
    }
    made = {ACTIONS[operation].name for operation in called} | {"lambda:InvokeFunction"}
    assert made <= allowed
    assert allowed - made <= asked_of_aws_only()


def asked_of_aws_only() -> set[str]:
    """What a gate asks of AWS only: the embedded AWS has no traffic, and no classes of log groups."""
    fake = FakeLambda()
    fake.add("fn")
    fake.publish_user_version("fn", alias="prod")
    preflight_as_is(fake_aws(fake), FunctionRef.parse("fn:prod"), now=0.0)
    insights = {"logs:StartQuery", "logs:GetQueryResults", "logs:DescribeLogGroups"}
    return {ACTIONS[operation].name for operation in fake.operations} | insights
