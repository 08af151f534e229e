"""Functions that are being created or changed: what is shown, what is refused, and what runs meanwhile."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from powertune.local.cloud import _create_role
from powertune.local.embedded import EmbeddedAWS
from powertune.local.functions import Function
from powertune.local.lambda_api.backend import EmbeddedBackend
from powertune.local.lambda_api.states import Progress, Stage, Timing
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.invoker import Outcome
from powertune.local.settings import ACCOUNT_ID, LATENCIES, Latencies, Settings

FOREVER_MS = 3_600_000.0
PENDING = "The operation cannot be performed at this time. The function is currently in the following state: Pending"


@pytest.fixture(scope="module")
def _creating() -> Iterator[EmbeddedAWS]:
    latencies = Latencies(create_ms=FOREVER_MS)
    with EmbeddedAWS(Settings(service_latency_ms=0, latencies=latencies)) as aws:
        yield aws


@pytest.fixture(scope="module")
def _changing() -> Iterator[EmbeddedAWS]:
    latencies = Latencies(create_ms=0, update_ms=FOREVER_MS, snapshot_ms=FOREVER_MS)
    with EmbeddedAWS(Settings(service_latency_ms=0, latencies=latencies)) as aws:
        yield aws


@pytest.fixture
def creating(_creating: EmbeddedAWS, connect: Any) -> Any:
    """An AWS in which new functions stay Pending."""
    return connect(_creating)


@pytest.fixture
def changing(_changing: EmbeddedAWS, connect: Any) -> Any:
    """An AWS in which changes never end."""
    return connect(_changing)


def begin(cloud: Any, package: bytes, **options: Any) -> tuple[str, Any]:
    """Create a function without waiting; its name, and the answer."""
    name = f"fn-{next(cloud.names)}"
    answer = cloud.lambda_.create_function(
        FunctionName=name, Role=cloud.aws.role_arn, Code={"ZipFile": package}, Runtime="python3.12",
        Handler="app.handler", Timeout=30, **options,
    )  # fmt: skip
    return name, answer


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **options)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def states(configuration: Any) -> tuple[Any, ...]:
    names = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReasonCode")
    return tuple(configuration.get(name) for name in names)


CREATING = ("Pending", "The function is being created.", "Creating", None, None)
UPDATING = ("Active", None, None, "InProgress", "Creating")
READY = ("Active", None, None, "Successful", None)


@pytest.mark.supports("lambda:CreateFunction", "Pending until active")
@pytest.mark.supports("lambda:Invoke", "409 while the function is Pending")
def test_a_pending_function_is_shown_but_neither_run_nor_changed(creating: Any, echo: bytes) -> None:
    name, answer = begin(creating, echo)
    control, arn = creating.lambda_, answer["FunctionArn"]
    assert states(answer) == CREATING
    assert states(control.get_function(FunctionName=name)["Configuration"]) == CREATING
    (listed,) = [fn for fn in control.list_functions()["Functions"] if fn["FunctionName"] == name]
    assert states(listed) == (None,) * 5
    for kind in ("RequestResponse", "Event", "DryRun"):
        assert refused(control.invoke, FunctionName=name, InvocationType=kind) == (
            "ResourceConflictException", 409, PENDING,
        )  # fmt: skip
    words = (
        f"The operation cannot be performed at this time. The resource {arn} is currently in the following state: "
        "'Pending'. StateReasonCode: 'Creating'"
    )
    for call, options in (
        (control.update_function_configuration, {"MemorySize": 512}),
        (control.update_function_code, {"ZipFile": echo}),
        (control.publish_version, {}),
    ):
        assert refused(call, FunctionName=name, **options) == ("ResourceConflictException", 409, words)


def test_what_is_possible_with_a_pending_function(creating: Any, echo: bytes) -> None:
    name, answer = begin(creating, echo)
    control = creating.lambda_
    control.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    assert refused(control.invoke, FunctionName=name, Qualifier="live")[2] == PENDING
    control.tag_resource(Resource=answer["FunctionArn"], Tags={"a": "b"})
    assert control.list_tags(Resource=answer["FunctionArn"])["Tags"] == {"a": "b"}
    control.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    control.delete_function(FunctionName=name)
    assert refused(control.get_function, FunctionName=name)[1] == 404


@pytest.mark.supports("lambda:CreateFunction", "Publish: version 1 is Pending as long as $LATEST")
def test_a_version_published_at_creation_is_pending_too(creating: Any, echo: bytes) -> None:
    name, answer = begin(creating, echo, Publish=True)
    assert (answer["Version"], states(answer)) == ("1", CREATING)
    assert answer["FunctionArn"].endswith(f":{name}")
    shown = creating.lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert states(shown) == CREATING
    assert refused(creating.lambda_.invoke, FunctionName=name, Qualifier="1")[2] == PENDING


@pytest.mark.supports("lambda:UpdateFunctionConfiguration", "InProgress until updated, 409 meanwhile")
@pytest.mark.supports("lambda:Invoke", "the old code and configuration run while an update is in progress")
def test_the_old_function_runs_while_it_is_changed(changing: Any, echo: bytes, package: Any) -> None:
    name, control = changing.create(echo, MemorySize=256), changing.lambda_
    first = changing.invoke(name, 1).payload
    answer = control.update_function_configuration(FunctionName=name, MemorySize=512, Timeout=9)
    assert (states(answer), answer["MemorySize"]) == (UPDATING, 512)
    shown = control.get_function_configuration(FunctionName=name)
    assert (states(shown), shown["MemorySize"], shown["RevisionId"]) == (UPDATING, 512, answer["RevisionId"])
    second = changing.invoke(name, 2).payload
    assert (second["memory"], second["process"]) == (first["memory"], first["process"]) == ("256", first["process"])
    words = (
        "The operation cannot be performed at this time. An update is in progress for resource: "
        f"{answer['FunctionArn']}"
    )
    for call, options in (
        (control.update_function_configuration, {"MemorySize": 640}),
        (control.update_function_code, {"ZipFile": package("def handler(e, c): ...\n")}),
        (control.publish_version, {}),
    ):
        assert refused(call, FunctionName=name, **options) == ("ResourceConflictException", 409, words)
    control.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    assert changing.invoke(name, Qualifier="live").payload["memory"] == "256"
    control.delete_function(FunctionName=name)


@pytest.mark.supports("lambda:UpdateFunctionCode", "InProgress until updated, 409 meanwhile")
def test_the_old_code_runs_while_it_is_replaced(changing: Any, echo: bytes, package: Any) -> None:
    name, control = changing.create(echo), changing.lambda_
    answer = control.update_function_code(
        FunctionName=name, ZipFile=package("def handler(event, context): return 'new'\n"), Publish=True
    )
    assert (answer["Version"], states(answer)) == ("1", CREATING)
    assert changing.invoke(name, 1).payload["event"] == 1
    assert refused(control.invoke, FunctionName=name, Qualifier="1")[2] == PENDING


def test_a_change_that_is_refused_leaves_no_trace(changing: Any, echo: bytes) -> None:
    name, control = changing.create(echo), changing.lambda_
    before = control.get_function_configuration(FunctionName=name)
    assert refused(control.update_function_code, FunctionName=name, ZipFile=b"not a zip")[1] == 400
    layer = "arn:aws:lambda:us-east-1:123456789012:layer:none:1"
    refusal = refused(control.update_function_configuration, FunctionName=name, MemorySize=512, Layers=[layer])
    assert refusal == ("InvalidParameterValueException", 400, f"Layer version {layer} does not exist.")
    after = control.get_function_configuration(FunctionName=name)
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert states(after) == READY
    dry = control.update_function_code(FunctionName=name, ZipFile=echo, DryRun=True)
    assert states(dry) == READY


@pytest.mark.supports("lambda:PublishVersion", "a version with SnapStart is Pending while its snapshot is taken")
def test_a_version_with_a_snapshot_takes_longer(changing: Any, echo: bytes) -> None:
    name = changing.create(echo, SnapStart={"ApplyOn": "PublishedVersions"})
    control = changing.lambda_
    assert states(control.publish_version(FunctionName=name)) == CREATING
    assert refused(control.invoke, FunctionName=name, Qualifier="1")[:2] == ("SnapStartNotReadyException", 409)
    assert changing.invoke(name, 1).payload["version"] == "$LATEST"
    control.delete_function(FunctionName=name, Qualifier="1")


@pytest.mark.supports("lambda:PublishVersion", "a version of an active function is active at once")
def test_publishing_an_active_function(changing: Any, echo: bytes) -> None:
    name, control = changing.create(echo), changing.lambda_
    before = control.get_function_configuration(FunctionName=name)["RevisionId"]
    version = control.publish_version(FunctionName=name, RevisionId=before)
    assert states(version) == READY
    assert changing.invoke(name, 1, Qualifier="1").version == "1"
    latest = control.get_function_configuration(FunctionName=name)["RevisionId"]
    assert latest != before
    assert control.publish_version(FunctionName=name)["Version"] == "1"
    assert control.get_function_configuration(FunctionName=name)["RevisionId"] == latest


def at_once(call: Callable[[int], object]) -> list[int]:
    """Make a call from six clients at the same moment; those whose call was not refused as a conflict."""
    gate = threading.Barrier(6)

    def attempt(number: int) -> str:
        gate.wait()
        try:
            call(number)
        except ClientError as error:
            return str(error.response["Error"].get("Code"))
        return "made"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(6)))
    assert set(answers) == {"made", "ResourceConflictException"}
    return [number for number, answer in enumerate(answers) if answer == "made"]


@pytest.mark.supports("lambda:CreateAlias", "of several clients at once, one creates an alias")
def test_of_many_equal_aliases_at_once_one_is_made(changing: Any, echo: bytes) -> None:
    name, create = changing.create(echo), changing.lambda_.create_alias
    made = at_once(
        lambda number: create(FunctionName=name, Name="a", FunctionVersion="$LATEST", Description=str(number))
    )
    assert [changing.lambda_.get_alias(FunctionName=name, Name="a")["Description"]] == list(map(str, made))


def test_of_many_changes_at_once_one_is_made(changing: Any, echo: bytes) -> None:
    name, update = changing.create(echo), changing.lambda_.update_function_configuration
    made = [256 + 64 * number for number in at_once(lambda n: update(FunctionName=name, MemorySize=256 + 64 * n))]
    assert [changing.lambda_.get_function_configuration(FunctionName=name)["MemorySize"]] == made


@pytest.mark.supports("lambda:GetFunction", "waiters: function_active_v2, function_updated_v2")
def test_a_change_ends_soon_with_new_environments(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo, MemorySize=256)
    first = cloud.invoke(name).payload
    answer = cloud.configure(name, MemorySize=512)
    assert states(answer) == UPDATING
    shown = cloud.lambda_.get_function_configuration(FunctionName=name)
    assert states(shown) == READY
    assert shown["RevisionId"] != answer["RevisionId"]
    second = cloud.invoke(name).payload
    assert (first["memory"], second["memory"]) == ("256", "512")
    assert first["process"] != second["process"]


def test_the_clock_decides() -> None:
    now = [100.0]
    timing = Timing(latencies=LATENCIES["aws"], clock=lambda: now[0])
    assert timing.end(Stage.CREATING) == 101.5
    assert timing.end(Stage.UPDATING, earliest=200.0) == 201.0
    now[0] = 300.0
    assert timing.end(Stage.SNAPSHOT, earliest=200.0) == 450.0
    update = Progress(stage=Stage.UPDATING, settled_at=1.0, revision_id="r")
    assert update.invocation_refused is None


@dataclass
class FakeRunner:
    """Runs nothing, and waits by moving the clock."""

    now: float = 0.0
    settings: Settings = field(default_factory=Settings)
    ran: list[tuple[float, int]] = field(default_factory=list)
    retired: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def draw(self) -> float:
        return 0.0

    def invoke(self, function: Function, request: Request) -> Outcome:
        self.ran.append((round(self.now, 3), function.memory_mb))
        return Outcome(request_id="r", payload=b"{}", failed=False, log_tail=b"", version=function.version)

    def retire(self, outdated: Callable[[Function], bool]) -> None:
        self.retired.append(round(self.now, 3))

    def retire_code(self, outdated: Callable[[Function], bool]) -> None: ...


def test_what_other_services_invoke_waits_until_it_is_active(echo: bytes) -> None:
    """SNS, SQS and EventBridge would come back; moto's do not."""
    runner = FakeRunner()
    _create_role(Settings())
    timing = Timing(latencies=Latencies(create_ms=50, update_ms=70), clock=lambda: runner.now)
    kind: Any = type("Backend", (EmbeddedBackend,), {"runner": runner, "timing": timing})
    backend: EmbeddedBackend = kind("us-east-1", ACCOUNT_ID)
    code = {"ZipFile": base64.b64encode(echo).decode()}
    function = backend.create_function(
        {"FunctionName": "fn", "Role": Settings().role_arn, "Code": code, "Runtime": "python3.12", "Handler": "a.b"}
    )
    assert function.settled_at == 0.05
    function.invoke("{}", {}, {})
    assert runner.ran == [(0.05, 128)]
    backend.change_configuration("fn", {"MemorySize": 256})
    backend.invoke("fn", None, "{}", {}, {})
    assert runner.ran[1:] == [(0.05, 128)]
    assert runner.retired == []
    runner.wait(0.07)
    for _ in range(2):
        backend.invoke("fn:$LATEST", None, "{}", {}, {})
    assert runner.ran[2:] == [(0.12, 256), (0.12, 256)]
    assert runner.retired == [0.12]
    assert backend.storage.latest_of("fn").before is None


def test_latencies_travel_to_the_server() -> None:
    settings = Settings(latencies=LATENCIES["aws"])
    assert Settings.from_json(settings.to_json()) == settings
