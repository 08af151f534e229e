"""One embedded AWS for all clients, and the clients that this machine has."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.clients import Boto, Cli, Client, JavaScript

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

SOURCE = Path(__file__).with_name("javascript")
INSTALLED = Path(__file__).parents[2] / "build" / "conformance"
_INSTALL_S = 180


@pytest.fixture(scope="package")
def embedded() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(Settings(service_latency_ms=5)) as aws:
        yield aws


@pytest.fixture(scope="package", params=["boto3", pytest.param("AWS CLI", marks=pytest.mark.long), "JavaScript SDK"])
def client(
    request: pytest.FixtureRequest, embedded: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Each of the clients in turn; one that is not there is skipped with the reason."""
    made: Any
    if request.param == "boto3":
        made = Boto(embedded.environment)
    elif request.param == "AWS CLI":
        if importlib.util.find_spec("awscli") is None:
            pytest.skip("the AWS CLI is not installed: pip install awscli")
        made = Cli(embedded.environment, tmp_path_factory.mktemp("cli"))
    else:
        made = JavaScript(embedded.environment, _installed())
    yield made
    made.close()


def _installed() -> Path:
    """The folder with the SDK, installed once."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("the JavaScript SDK needs Node.js and npm")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, INSTALLED)
    lock = INSTALLED / "package-lock.json"
    done = INSTALLED / "installed-lock.json"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        try:
            subprocess.run(
                [npm, "ci", "--no-progress"],
                cwd=INSTALLED,
                capture_output=True,
                text=True,
                timeout=_INSTALL_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            words = getattr(error, "stderr", None) or str(error)
            pytest.skip(f"npm could not install the JavaScript SDK: {str(words).strip().splitlines()[-1]}")
        shutil.copy(lock, done)
    return INSTALLED
