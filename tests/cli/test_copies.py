"""Copies at the command line: `--isolate`, `--arch`, and what `restore` finds."""

import json
from pathlib import Path
from typing import Any

import pytest
from runs import leave_journal
from settled import settle

from powertune.aws.connection import connect
from powertune.aws.copies.lifecycle import find_copies
from powertune.aws.identity import ConnectionOptions
from powertune.aws.journal import JOURNAL_ALIAS
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli.app import run_app
from powertune.cli.restoring import restore_now
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import own_architecture
from powertune.model import FunctionRef

NAME = "copied"
RUN = ["run", NAME, "--memory", "256,512", "--invocations", "2", "--environments", "1", "--rate", "1000"]
COPY = f"{NAME}-powertune-0badcafe"


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Any:
    create(client, NAME, aws_environment.role_arn, source)
    yield client
    client.delete_function(FunctionName=NAME)


def create(client: Any, name: str, role_arn: str, source: Path, **tags: str) -> str:
    made = client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        Tags=tags,
    )
    settle(client, name)
    return str(made["FunctionArn"])


def names(client: Any) -> list[str]:
    return sorted(item["FunctionName"] for item in client.list_functions()["Functions"])


@pytest.fixture
def left_copy(aws_environment: EmbeddedAWS, function: Any, source: Path) -> str:
    """What a run that was killed leaves."""
    arn = function.get_function(FunctionName=NAME)["Configuration"]["FunctionArn"]
    tags = {"powertune:source": arn, "powertune:run": "0badcafe"}
    create(function, COPY, aws_environment.role_arn, source, **tags)
    return COPY


def test_an_isolated_run_leaves_nothing_and_changes_nothing(
    function: Any, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = function.get_function(FunctionName=NAME)["Configuration"]
    assert run_app([*RUN, "--isolate", "--yes", "--save", "run.json"]) == 0
    printed = capfd.readouterr()
    assert f"nothing on {NAME} itself; a temporary copy of it for {own_architecture()} (deleted)" in printed.err
    assert function.get_function(FunctionName=NAME)["Configuration"] == before
    assert names(function) == [NAME]
    assert json.loads((tmp_path / "run.json").read_text())["design"]["isolate"] is True


def test_the_plan_says_what_is_copied(function: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app([*RUN, "--dry-run", "--format", "json", "--isolate"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["copies"] == [str(own_architecture())]
    assert run_app([*RUN, "--dry-run", "--format", "json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["copies"], document["placement"]["isolate"]) == ([], False)
    assert run_app([*RUN, "--dry-run", "--format", "json", "--in-place"]) == 0
    placement = json.loads(capfd.readouterr().out)["placement"]
    assert (placement["isolate"], placement["asked"], placement["touches_original"]) == (False, True, True)


def test_in_place_and_isolate_together_are_wrong_usage(
    function: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_app([*RUN, "--dry-run", "--isolate", "--in-place"]) == 2
    assert "--in-place and --isolate contradict each other" in capfd.readouterr().err
    monkeypatch.setenv("POWERTUNE_ISOLATE", "true")
    assert run_app([*RUN, "--dry-run", "--in-place"]) == 0
    assert "in place, as asked" in capfd.readouterr().out


@pytest.mark.parametrize("wanted", ["both", "the other"])
def test_the_other_architecture_is_refused_here(
    function: Any, capfd: pytest.CaptureFixture[str], wanted: str
) -> None:
    own = str(own_architecture())
    other = {"x86_64": "arm64", "arm64": "x86_64"}[own]
    assert run_app([*RUN, "--yes", "--arch", other if wanted == "the other" else wanted]) == 2
    assert f"this machine's own processor, {own}, so {other} cannot be measured" in capfd.readouterr().err
    assert names(function) == [NAME]
    assert run_app([*RUN, "--yes", "--arch", "riscv"]) == 2
    assert "both" in capfd.readouterr().err


def test_restore_deletes_what_a_dead_run_left(
    left_copy: str, function: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["restore", NAME, "--yes"]) == 0
    err = capfd.readouterr().err
    assert f"run 0badcafe made the copy {COPY}, which was last changed" in err
    assert f"{NAME} is restored" in err
    assert names(function) == [NAME]
    assert run_app(["restore", NAME, "--yes"]) == 0
    assert "nothing to restore" in capfd.readouterr().err


def test_without_a_terminal_copies_that_no_journal_names_are_deleted_only_with_yes(
    left_copy: str, function: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["restore", NAME]) == 2
    err = capfd.readouterr().err
    assert f"not deleted, as its run may be active: {COPY}" in err
    assert f"powertune restore {NAME} " in err
    assert "--yes" in err
    assert names(function) == [NAME, COPY]
    leave_journal(function, NAME, "00000001", 1024)
    assert run_app(["restore", NAME]) == 2
    err = capfd.readouterr().err
    assert f"{NAME} is restored" in err
    assert "--yes" in err
    assert function.get_function_configuration(FunctionName=NAME)["MemorySize"] == 1024
    assert function.list_aliases(FunctionName=NAME)["Aliases"] == []
    assert names(function) == [NAME, COPY]
    leave_journal(function, NAME, "0badcafe", 512, copies=1)
    assert run_app(["restore", NAME]) == 0
    assert names(function) == [NAME]


def test_copies_are_deleted_although_an_alias_of_somebody_else_is_called_as_the_journal(
    left_copy: str, function: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    function.create_alias(FunctionName=NAME, Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description="mine")
    assert run_app(["restore", NAME, "--yes"]) == 2
    err = capfd.readouterr().err
    assert f"the copies of {NAME} are deleted" in err
    assert "is not a journal: 'mine'" in err
    assert names(function) == [NAME]
    assert [alias["Name"] for alias in function.list_aliases(FunctionName=NAME)["Aliases"]] == [JOURNAL_ALIAS]
    function.delete_alias(FunctionName=NAME, Name=JOURNAL_ALIAS)


def test_a_copy_whose_tags_have_changed_meanwhile_is_kept_and_said_so(
    left_copy: str, function: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with connect(ConnectionOptions()) as connection:
        original = LambdaFunction(connection.aws(), FunctionRef(name=NAME))
        (copy,) = find_copies(original)
        arn = function.get_function(FunctionName=COPY)["Configuration"]["FunctionArn"]
        function.untag_resource(Resource=arn, TagKeys=["powertune:run"])
        restore_now(original, None, "powertune restore", copies=[copy])
    err = capfd.readouterr().err
    assert f"function {COPY} is kept: its tags no longer say" in err
    assert f"{NAME} is restored, but for what is kept" in err
    assert names(function) == [NAME, COPY]
    function.delete_function(FunctionName=COPY)


def test_a_copy_outlives_its_function_and_is_still_found(
    aws_environment: EmbeddedAWS, client: Any, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arn = create(client, "gone", aws_environment.role_arn, source)
    tags = {"powertune:source": arn, "powertune:run": "0badcafe"}
    create(client, "gone-powertune-0badcafe", aws_environment.role_arn, source, **tags)
    client.delete_function(FunctionName="gone")
    assert run_app(["restore", "gone", "--yes"]) == 0
    assert names(client) == []
    assert run_app(["restore", "gone", "--yes"]) == 5
    assert "does not exist" in capfd.readouterr().err


def test_a_function_that_only_looks_like_a_copy_is_left(
    aws_environment: EmbeddedAWS, function: Any, source: Path
) -> None:
    create(function, COPY, aws_environment.role_arn, source, team="a")
    try:
        assert run_app(["restore", NAME, "--yes"]) == 0
        assert names(function) == [NAME, COPY]
    finally:
        function.delete_function(FunctionName=COPY)


def test_a_copy_is_not_tuned(left_copy: str, function: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["run", left_copy, "--yes"]) == 2
    assert f"{COPY} is a temporary copy of arn:" in capfd.readouterr().err
    function.delete_function(FunctionName=COPY)


def test_iam_prints_what_copies_take(capfd: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:fn"
    role = "arn:aws:iam::123456789012:role/mine"
    assert run_app(["iam", "run", "--function", arn, "--copies", "--role", role]) == 0
    printed = capfd.readouterr()
    resources = {s["Sid"]: s["Resource"] for s in json.loads(printed.out)["Statement"]}
    assert resources["PowertuneRunCopies"] == f"{arn}-powertune-*"
    assert resources["PowertuneRunRole"] == role
    assert "replace" not in printed.err
    assert run_app(["iam", "run", "--function", arn, "--isolate"]) == 0
    err = capfd.readouterr().err
    assert "replace ROLE_NAME with your own" in err
    assert "--isolate prints" not in err
    assert run_app(["iam", "run", "--function", arn]) == 0
    assert "where $LATEST is in use, a run measures a copy: --isolate prints the policy" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"), [("--role", "mine"), ("--kms-key", "alias/mine"), ("--kms-key", "arn:aws:s3:::b")]
)
def test_iam_refuses_what_is_no_arn_of_the_service(
    option: str, value: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["iam", "run", "--isolate", option, value]) == 2
    assert f"{option} {value!r} is not a" in capfd.readouterr().err


def test_iam_prints_what_vpcs_keys_and_buckets_take(capfd: pytest.CaptureFixture[str]) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    given = ["iam", "run", "--vpc", "--kms-key", key, "--code", "s3://mine/code.zip"]
    assert run_app(given) == 0
    resources = {s["Sid"]: s["Resource"] for s in json.loads(capfd.readouterr().out)["Statement"]}
    assert resources["PowertuneRunVpc"] == "*"
    assert resources["PowertuneRunKey"] == key
    assert resources["PowertuneRunCode"] == "arn:aws:s3:::mine/code.zip"
    assert run_app(["iam", "run", "--code", "code.zip"]) == 2
    assert "code 'code.zip' is not in S3" in capfd.readouterr().err
