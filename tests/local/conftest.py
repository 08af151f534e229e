"""One embedded AWS for all integration tests, and functions in it that end with their test."""

import base64
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from formations import Formation
from function_processes import processes_of
from machines import Machines
from settled import settle

from powertune.local.embedded import EmbeddedAWS
from powertune.local.endpoint.keys import AccessKey, Keys
from powertune.local.package import zip_folder
from powertune.local.settings import Settings

ECHO = """
import uuid

print("module loaded")
PROCESS = uuid.uuid4().hex


def handler(event, context):
    print("event", event)
    return {"event": event, "arn": context.invoked_function_arn, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "process": PROCESS, "request_id": context.aws_request_id}
"""


@dataclass(frozen=True)
class Reply:
    """What an invocation answered."""

    payload: Any
    error: str | None
    log: str
    version: str
    request_id: str


@dataclass(frozen=True)
class Cloud:
    """An embedded AWS and clients of it."""

    aws: EmbeddedAWS
    lambda_: Any
    names: Iterator[str]
    created: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return client(self.aws, service)

    def presign(self, url: str) -> str:
        """A URL of this server that may be asked for without a client."""
        given = self.aws.environment
        owner = AccessKey(key_id=given["AWS_ACCESS_KEY_ID"], secret=given["AWS_SECRET_ACCESS_KEY"])
        return Keys(owner=owner).presign(url, "us-east-1")

    def sign(self, path: str, host: str | None = None) -> dict[str, str]:
        """The headers of a GET to Lambda."""
        given = self.aws.environment
        request = AWSRequest("GET", f"http://{host}{path}" if host else f"{self.aws.endpoint_url}{path}")
        credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
        return {**dict(request.headers.items()), **({"Host": host} if host else {})}

    def create(self, package: bytes, **options: Any) -> str:
        """A function with a name of its own, ready to be invoked; returns the name."""
        name = f"fn-{next(self.names)}"
        wanted = {"Runtime": "python3.12", "Handler": "app.handler", "MemorySize": 1769, "Timeout": 30, **options}
        self.lambda_.create_function(FunctionName=name, Role=self.aws.role_arn, Code={"ZipFile": package}, **wanted)
        self.created.append(name)
        self.settle(name)
        return name

    def settle(self, name: str) -> None:
        """Wait until nothing is under way with a function."""
        settle(self.lambda_, name)

    def configure(self, name: str, **changes: Any) -> Any:
        """Change a function's configuration, and wait until it is changed; returns the first answer."""
        answer = self.lambda_.update_function_configuration(FunctionName=name, **changes)
        self.settle(name)
        return answer

    def replace_code(self, name: str, **source: Any) -> Any:
        """Change a function's code, and wait until it is changed; returns the first answer."""
        answer = self.lambda_.update_function_code(FunctionName=name, **source)
        self.settle(name)
        return answer

    def invoke(self, name: str, event: object = None, **options: Any) -> Reply:
        response = self.lambda_.invoke(
            FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail", **options
        )
        return Reply(
            payload=json.loads(response["Payload"].read() or b"null"),
            error=response.get("FunctionError"),
            log=base64.b64decode(response["LogResult"]).decode(),
            version=response["ExecutedVersion"],
            request_id=response["ResponseMetadata"]["RequestId"],
        )

    def processes(self, name: str) -> list[int]:
        """The living processes of a function, by the numbers of this machine."""
        return processes_of(self.aws.pid, name)

    def clean(self) -> None:
        while self.created:
            self.lambda_.delete_function(FunctionName=self.created.pop())


def client(aws: EmbeddedAWS, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=aws.settings.region,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
    )


@pytest.fixture(scope="session")
def _aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(Settings(service_latency_ms=5, init_timeout_s=3, admission_timeout_s=20)) as aws:
        yield aws


@pytest.fixture(scope="session")
def _lambda(_aws: EmbeddedAWS) -> Any:
    return client(_aws, "lambda")


@pytest.fixture
def cloud(_aws: EmbeddedAWS, _lambda: Any, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """The embedded AWS; functions that the test creates through it are deleted."""
    cloud = Cloud(_aws, _lambda, (f"{request.node.originalname}-{n}"[-60:] for n in itertools.count()))
    yield cloud
    cloud.clean()


@pytest.fixture
def formation(cloud: Cloud, request: pytest.FixtureRequest) -> Iterator[Formation]:
    """CloudFormation; the stacks that the test creates through it are deleted."""
    words = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")
    formation = Formation(
        cloud.client("cloudformation"), "t" + "".join(c for c in words if c.isalnum() or c == "-")[-50:]
    )
    yield formation
    formation.clean()


@pytest.fixture
def machines(cloud: Cloud) -> Iterator[Machines]:
    """State machines; those that the test creates through it are deleted."""
    made = Machines.of(cloud)
    yield made
    made.clean()


@pytest.fixture
def connect() -> Callable[[EmbeddedAWS], Cloud]:
    """Clients of another embedded AWS, whose functions end with it."""
    return lambda aws: Cloud(aws, client(aws, "lambda"), (str(n) for n in itertools.count(time.time_ns())))


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., bytes]:
    """A deployment package of files given as text; an executable file's name ends with `!`."""

    def make(source: str = "", /, files: Mapping[str, str] | None = None) -> bytes:
        folder = tmp_path / "source"
        for name, text in ({"app.py": source} if files is None else dict(files)).items():
            path = folder / name.removesuffix("!")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if name.endswith("!"):
                path.chmod(0o755)
        return zip_folder(folder)

    return make


@pytest.fixture
def echo(package: Callable[..., bytes]) -> bytes:
    return package(ECHO)


Package = Callable[..., bytes]
