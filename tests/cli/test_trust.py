"""A folder that somebody else wrote does not decide what runs in an account."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from settled import settle
from terminals import terminal

from powertune.cli.trust import settings_lines, trusted
from powertune.config.from_file import Foreign, FromFile
from powertune.errors import UsageError
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

ARN = "arn:aws:lambda:us-east-1:999999999999:function:collect"
RUN = ("run", "cloned", "--memory", "512", "--invocations", "3", "--environments", "1")


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[Any]:
    client.create_function(
        FunctionName="cloned",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=512,
    )
    settle(client, "cloned")
    yield client
    client.delete_function(FunctionName="cloned")


def powertune(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "powertune", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pre_processor", ARN, "of another account, 999999999999"),
        ("post_processor", ARN, "of another account, 999999999999"),
        ("image_uri_arm64", "999999999999.dkr.ecr.us-east-1.amazonaws.com/x", "of another account, 999999999999"),
        ("image_uri_arm64", "public.ecr.aws/x/y", "not known to be of your account"),
    ],
)
def test_what_a_file_names_in_another_account_is_refused_where_nobody_is_asked(
    key: str, value: str, words: str, function: Any
) -> None:
    Path("powertune.toml").write_text(f'[run]\n{key} = "{value}"\n')
    revision = function.get_function_configuration(FunctionName="cloned")["RevisionId"]
    done = powertune(*RUN, "--yes")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert f"hint: if you trust it, say so yourself: --{key.replace('_', '-')} {value}" in done.stderr
    assert function.get_function_configuration(FunctionName="cloned")["RevisionId"] == revision
    assert function.list_aliases(FunctionName="cloned")["Aliases"] == []


def test_on_a_terminal_it_is_asked_about_on_its_own_and_not_even_looked_at_before(function: Any) -> None:
    Path("powertune.toml").write_text(f'[run]\npre_processor = "{ARN}"\n')
    with terminal(*RUN) as program:
        program.wait_for("Use it? [y/N]")
        assert "of another account" in program.seen
        assert "measure?" not in program.seen
        program.say("n")
        assert program.end() == 0
        assert "nothing was changed" in program.seen
    assert function.list_aliases(FunctionName="cloned")["Aliases"] == []


def test_on_the_command_line_it_is_the_persons_own_word(function: Any) -> None:
    Path("powertune.toml").write_text(f'[run]\npre_processor = "{ARN}"\n')
    done = powertune(*RUN, "--yes", "--pre-processor", ARN)
    # It is looked up like any other, and no other account lets anybody in.
    assert done.returncode == 4
    assert "not authorized to perform: lambda:GetFunction on resource" in done.stderr


def test_the_plan_shows_the_file_and_every_processor_payload_and_image_of_it(function: Any) -> None:
    Path("event.json").write_text("{}")
    Path("powertune.toml").write_text(
        f'[run]\nlanes = 2\nmax_spend = 50\npayload = "@event.json"\npre_processor = "{ARN}"\n'
    )
    done = powertune("run", "cloned", "--memory", "512", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "settings     powertune.toml sets environments = 2, max-spend = 50\n" in done.stdout
    assert "payload @event.json is sent as the event" in done.stdout
    assert f"pre-processor {ARN} is invoked with each payload" in done.stdout
    assert "of another account, 999999999999" in done.stdout
    plan = json.loads(powertune("run", "cloned", "--memory", "512", "--dry-run", "--format", "json").stdout)
    assert plan["configuration_file"]["path"] == "powertune.toml"
    assert plan["configuration_file"]["foreign"] == ["pre_processor"]
    assert plan["configuration_file"]["settings"]["max_spend"] == "50"


def test_a_folder_that_is_served_is_said_to_run_here_with_its_script(source: Path, aws_environment: Any) -> None:
    (source / "setup.py").write_text("")
    (source / "powertune.toml").write_text('[local]\nsetup = "setup.py"\n')
    done = powertune("run", str(source), "--memory", "512", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"the code in {source} runs on this machine, after setup.py" in done.stderr
    (source / "powertune.toml").write_text('[local]\nsetup = "missing.py"\n')
    done = powertune("run", str(source), "--memory", "512", "--dry-run")
    assert done.returncode == 2
    assert "there is no set-up script 'missing.py'" in done.stderr


def test_a_value_of_a_file_does_not_steer_the_terminal() -> None:
    image = "evil\x1b[2K/app"
    told = FromFile(
        file=Path("powertune.toml"),
        settings=(("image_uri_arm64", image), ("strategy", "x" * 100)),
        foreign=(Foreign(key="image_uri_arm64", value=image, account=None),),
    )
    text = "\n".join(settings_lines(told))
    assert "\x1b" not in text
    assert "..." in text
    with pytest.raises(UsageError) as caught:
        trusted(told, ask=False)
    assert "\x1b" not in caught.value.message
