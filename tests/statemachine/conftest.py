"""The state machine, deployed as a person does it, on an embedded AWS; its workers can be made to fail."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from deployed_machine import FAULTS, Deployed

from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SERVICES = ("cloudformation", "events", "iam", "lambda", "logs", "s3", "stepfunctions")


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAWS]:
    """An embedded AWS whose environment variables this process has."""
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_"))]:
            patch.delenv(name)
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield aws


@pytest.fixture(scope="session")
def clients(account: EmbeddedAWS) -> Iterator[dict[str, Any]]:
    session: Any = boto3.Session()
    with ExitStack() as stack:
        made = {name: session.client(name) for name in SERVICES}
        for client in made.values():
            stack.callback(client.close)
        yield made


@pytest.fixture(scope="session")
def _stack(
    account: EmbeddedAWS, clients: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """The stack, deployed with handlers that can be made to fail."""
    folder = tmp_path_factory.mktemp("sources") / "statemachine"
    shutil.copytree(REPOSITORY / "statemachine", folder)
    with (folder / "handlers.py").open("a") as handlers:
        handlers.write(FAULTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("powertune.engine.deployment.sources.sources_folder", lambda: folder)
        assert run_app(["deploy", "--yes", "--quiet"]) == 0
    (stack,) = clients["cloudformation"].describe_stacks(StackName="powertune")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return outputs["StateMachineArn"], outputs["ResultsBucket"]


@pytest.fixture
def deployed(account: EmbeddedAWS, clients: dict[str, Any], _stack: tuple[str, str]) -> Iterator[Deployed]:
    """The state machine, and functions that go with the test."""
    machine, bucket = _stack
    made = Deployed(clients, machine, bucket, account.role_arn)
    yield made
    made.clean()
