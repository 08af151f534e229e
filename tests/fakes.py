"""Stand-ins that behave: a Lambda that remembers, a clock that is told the time, a scripted target."""

import base64
import io
import itertools
import json
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Literal
from urllib.error import HTTPError

from botocore.exceptions import ClientError
from fake_logs import FakeLogs

from powertune.aws.client import Aws, Clients
from powertune.aws.rate_limit import RateLimiter
from powertune.errors import MemorySizeRefused
from powertune.measure import Publishing
from powertune.model import Advisory, Batch, Configuration, Invocation, Status, TuningRun


class FakeClock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.now = start
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    """What boto3 raises for an answer of AWS."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


def report_text(
    request_id: str,
    *,
    duration: float = 12.34,
    billed: int = 13,
    memory: int = 128,
    used: int = 40,
    init: float | None = None,
    status: str = "",
) -> str:
    """A log tail as Lambda writes it."""
    more = f"Init Duration: {init:.2f} ms\t" if init is not None else ""
    return (
        f"START RequestId: {request_id} Version: 1\nhello\nEND RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{more}{status}\n"
    )


def report_json(
    request_id: str,
    *,
    duration: float = 12.34,
    billed: int = 13,
    memory: int = 128,
    used: int = 40,
    init: float | None = None,
    status: str = "success",
) -> str:
    """A log tail as Lambda writes it where a function logs in JSON, at the system log level INFO."""
    metrics = {"durationMs": duration, "billedDurationMs": billed, "memorySizeMB": memory, "maxMemoryUsedMB": used}
    if init is not None:
        metrics["initDurationMs"] = init
    record = {"requestId": request_id, "metrics": metrics, "status": status}
    start = {"type": "platform.start", "record": {"requestId": request_id, "version": "1"}}
    return "".join(json.dumps(line) + "\n" for line in (start, {"type": "platform.report", "record": record}))


@dataclass
class FakeFunction:
    """One function's state inside the fake."""

    configuration: dict[str, Any]
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: int = 0
    updated_at: float = -1e9
    tags: dict[str, str] = field(default_factory=dict)
    code: dict[str, Any] = field(default_factory=dict)


class FakeLambda(FakeLogs):
    """A boto3 Lambda client (and Logs, CloudWatch, S3) over one in-memory account.

    `on_call(name, kwargs)` runs before a call takes effect and may raise; `after_call` runs after it took effect and
    may raise too, like an answer that is lost. `latency` is slept per call, by method name.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = lambda seconds: None,
        update_s: float = 0.0,
        latency: Mapping[str, float] | None = None,
        memory_limit_mb: int = 10_240,
        duration_ms: Callable[[int], float] = lambda memory_mb: 100.0,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.sleep = sleep
        self.update_s = update_s
        self.latency = latency or {}
        self.memory_limit_mb = memory_limit_mb
        self.duration_ms = duration_ms
        self.functions: dict[str, FakeFunction] = {}
        self.invoked: list[tuple[str | None, bytes]] = []
        #: `function:version` of each invocation.
        self.executed: list[str] = []
        self.on_call: Callable[[str, dict[str, Any]], None] = lambda name, kwargs: None
        self.after_call: Callable[[str, dict[str, Any]], None] = lambda name, kwargs: None
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda call: None
        #: Which of the idle environments of a version answers: Lambda's choice, not the caller's.
        self.choose: Callable[[Sequence[str]], str] = lambda idle: idle[0]
        #: Alias or version -> how many environments are kept ready for it.
        self.provisioned: dict[str, int] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        #: What can be downloaded, by address; every function has a package of its own at first.
        self.packages: dict[str, bytes] = {}
        self.layers: dict[str, dict[str, Any]] = {}
        #: What CreateFunction was asked for.
        self.created: list[dict[str, Any]] = []
        #: Event source mappings, of any function and qualifier.
        self.mappings: list[dict[str, Any]] = []
        #: Function and qualifier (None for none) -> the AuthType of its URL.
        self.urls: dict[tuple[str, str | None], str] = {}
        #: Function and qualifier -> the statements of its policy.
        self.policies: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        #: Name of a metric and the values of its dimensions -> its values, one per period.
        self.metrics: dict[tuple[str, ...], list[float]] = {}
        #: Bytes: the account's code storage, and what is in use of it.
        self.code_limit, self.code_used = 80_530_636_800, 0
        self.platform: str | None = None
        self.concurrency = 1000
        #: One item a page, so that whoever reads only the first page is found out.
        self.page_size = 1
        #: Aliases and versions, by name or number, that listings do not show yet.
        self.unlisted: set[str] = set()
        self._idle: dict[str, list[str]] = {}

    def add(self, name: str, *, memory_mb: int = 512, **configuration: Any) -> FakeFunction:
        """Create a function."""
        function = FakeFunction(
            configuration={
                "FunctionName": name,
                "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
                "Runtime": "python3.13",
                "Handler": "app.handler",
                "MemorySize": memory_mb,
                "Timeout": 30,
                "Architectures": ["x86_64"],
                "CodeSha256": "sha-of-the-code",
                "RevisionId": str(uuid.uuid4()),
                "State": "Active",
                "LastUpdateStatus": "Successful",
                "Version": "$LATEST",
                **configuration,
            }
        )
        address = f"https://code.example/{name}?signature=secret"
        function.code = {"RepositoryType": "S3", "Location": address}
        self.packages[address] = make_zip({"app.py": b"def handler(event, context): ..."})
        self.functions[name] = function
        return function

    def publish_user_version(self, name: str, alias: str | None = None) -> str:
        """A version that the function's owner has published."""
        function = self.functions[name]
        function.published += 1
        number = str(function.published)
        function.versions[number] = {**function.configuration, "Version": number, "Description": "theirs"}
        if alias:
            function.aliases[alias] = {"Name": alias, "FunctionVersion": number, "Description": "", "RevisionId": "1"}
        return number

    def snapshot(self, name: str) -> tuple[Any, ...]:
        """Everything that undo has to give back."""
        function = self.functions[name]
        lasting = {key: value for key, value in function.configuration.items() if key != "RevisionId"}
        return lasting, dict(function.versions), dict(function.aliases), sorted(self.functions)

    def _enter(self, name: str, kwargs: dict[str, Any]) -> None:
        with self._lock:
            self.calls.append(name)
        self.sleep(self.latency.get(name, 0.0))
        self.on_call(name, kwargs)

    def _function(self, kwargs: dict[str, Any]) -> FakeFunction:
        name = kwargs["FunctionName"].rsplit(":function:", 1)[-1]
        if name not in self.functions:
            raise client_error("ResourceNotFoundException", f"Function not found: {name}", 404)
        return self.functions[name]

    def _at(self, function: FakeFunction, qualifier: str | None) -> dict[str, Any]:
        if qualifier in (None, "$LATEST"):
            return function.configuration
        number = function.aliases[qualifier]["FunctionVersion"] if qualifier in function.aliases else qualifier
        if number == "$LATEST":
            return function.configuration
        if number not in function.versions:
            raise client_error("ResourceNotFoundException", f"Function not found: {qualifier}", 404)
        return function.versions[number]

    def get_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_function", kwargs)
        with self._lock:
            function = self._function(kwargs)
            configuration = dict(self._at(function, kwargs.get("Qualifier")))
            if self.clock() < function.updated_at + self.update_s and configuration["Version"] == "$LATEST":
                configuration["LastUpdateStatus"] = "InProgress"
        headers = {"x-powertune-embedded": self.platform} if self.platform else {}
        return {
            "Configuration": configuration,
            "Code": dict(function.code),
            "ResponseMetadata": {"HTTPHeaders": headers},
            **({"Tags": dict(function.tags)} if function.tags else {}),
        }

    def create_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_function", kwargs)
        with self._lock:
            name = kwargs["FunctionName"]
            if name in self.functions:
                raise client_error("ResourceConflictException", f"Function already exist: {name}", 409)
            self.created.append(kwargs)
            wanted = {key: value for key, value in kwargs.items() if key not in ("Code", "Tags", "FunctionName")}
            wanted["Layers"] = [{"Arn": arn} for arn in kwargs.get("Layers", ())]
            function = self.add(name, **{**wanted, "memory_mb": wanted.pop("MemorySize")})
            function.tags = dict(kwargs.get("Tags", {}))
            function.updated_at = self.clock()
            package = kwargs["Code"].get("ZipFile")
            if package is not None:
                self.packages[function.code["Location"]] = package
        self.after_call("create_function", kwargs)
        return dict(function.configuration)

    def list_tags(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_tags", kwargs)
        return {"Tags": dict(self._function({"FunctionName": kwargs["Resource"]}).tags)}

    def list_functions(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_functions", kwargs)
        items = [
            {**self.functions[name].configuration, "LastModified": "2026-09-20T10:00:00.000+0000"}
            for name in sorted(self.functions)
        ]
        return self._page("Functions", items, kwargs)

    def get_layer_version_by_arn(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_layer_version_by_arn", kwargs)
        if kwargs["Arn"] not in self.layers:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return self.layers[kwargs["Arn"]]

    def fetch(self, url: str, limit: int) -> bytes:
        """What downloads: an error of the fake's is one of HTTP here."""
        try:
            self._enter("fetch", {"url": url})
            self.after_call("fetch", {"url": url})
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise HTTPError(url, max(500, status), "failed", Message(), None) from None
        if url not in self.packages:
            raise HTTPError(url, 403, "forbidden", Message(), None)
        return self.packages[url]

    def get_account_settings(self) -> dict[str, Any]:
        self._enter("get_account_settings", {})
        return {
            "AccountLimit": {
                "TotalCodeSize": self.code_limit,
                "ConcurrentExecutions": self.concurrency,
                "UnreservedConcurrentExecutions": self.concurrency,
            },
            "AccountUsage": {"TotalCodeSize": self.code_used, "FunctionCount": len(self.functions)},
        }

    def list_event_source_mappings(self, **kwargs: Any) -> dict[str, Any]:
        """Of a bare name: those of all its qualifiers, which asks more of the reader than if AWS listed fewer."""
        self._enter("list_event_source_mappings", kwargs)
        arn = self._function(kwargs).configuration["FunctionArn"]
        found = [mapping for mapping in self.mappings if f"{mapping['FunctionArn']}:".startswith(f"{arn}:")]
        return self._page("EventSourceMappings", found, kwargs)

    def get_function_url_config(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_function_url_config", kwargs)
        configuration = self._function(kwargs).configuration
        kind = self.urls.get((configuration["FunctionName"], kwargs.get("Qualifier")))
        if kind is None:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return {"FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/", "AuthType": kind}

    def get_policy(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_policy", kwargs)
        configuration = self._function(kwargs).configuration
        statements = self.policies.get((configuration["FunctionName"], kwargs.get("Qualifier")))
        if not statements:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return {"Policy": json.dumps(policy), "RevisionId": str(uuid.uuid4())}

    def update_function_configuration(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("update_function_configuration", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if self.clock() < function.updated_at + self.update_s:
                raise client_error("ResourceConflictException", "An update is in progress for resource", 409)
            if kwargs.get("RevisionId", function.configuration["RevisionId"]) != function.configuration["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            if kwargs["MemorySize"] > self.memory_limit_mb:
                raise client_error(
                    "InvalidParameterValueException",
                    "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to "
                    f"{self.memory_limit_mb}",
                )
            function.configuration["MemorySize"] = kwargs["MemorySize"]
            function.configuration["RevisionId"] = str(uuid.uuid4())
            function.updated_at = self.clock()
        self.after_call("update_function_configuration", kwargs)
        return dict(function.configuration)

    def publish_version(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("publish_version", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if kwargs.get("CodeSha256", function.configuration["CodeSha256"]) != function.configuration["CodeSha256"]:
                raise client_error("PreconditionFailedException", "CodeSha256 does not match", 412)
            if kwargs.get("RevisionId", function.configuration["RevisionId"]) != function.configuration["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            last = str(function.published)
            if last not in function.versions or _differ(function.versions[last], function.configuration):
                function.published += 1
                last = str(function.published)
                function.versions[last] = {
                    **function.configuration,
                    "Version": last,
                    "Description": kwargs.get("Description", ""),
                }
            version = dict(function.versions[last])
        self.after_call("publish_version", kwargs)
        return version

    def create_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_alias", kwargs)
        with self._lock:
            function = self._function(kwargs)
            if kwargs["Name"] in function.aliases:
                raise client_error("ResourceConflictException", f"Alias already exists: {kwargs['Name']}", 409)
            self._at(function, kwargs["FunctionVersion"])
            alias = {key: kwargs[key] for key in ("Name", "FunctionVersion", "Description")}
            function.aliases[kwargs["Name"]] = {**alias, "RevisionId": str(uuid.uuid4())}
            created = dict(function.aliases[kwargs["Name"]])
        self.after_call("create_alias", kwargs)
        return created

    def update_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("update_alias", kwargs)
        with self._lock:
            alias = self._function(kwargs).aliases.get(kwargs["Name"])
            if alias is None:
                raise client_error("ResourceNotFoundException", f"Cannot find alias arn: {kwargs['Name']}", 404)
            if kwargs.get("RevisionId", alias["RevisionId"]) != alias["RevisionId"]:
                raise client_error("PreconditionFailedException", "The RevisionId provided does not match", 412)
            alias |= {key: kwargs[key] for key in ("FunctionVersion", "Description") if key in kwargs}
            alias["RevisionId"] = str(uuid.uuid4())
            updated = dict(alias)
        self.after_call("update_alias", kwargs)
        return updated

    def get_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_alias", kwargs)
        function = self._function(kwargs)
        if kwargs["Name"] not in function.aliases:
            raise client_error("ResourceNotFoundException", "Cannot find alias", 404)
        return dict(function.aliases[kwargs["Name"]])

    def list_aliases(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_aliases", kwargs)
        aliases = self._function(kwargs).aliases.values()
        items = sorted((a for a in aliases if a["Name"] not in self.unlisted), key=lambda a: str(a["Name"]))
        return self._page("Aliases", items, kwargs)

    def list_versions_by_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_versions_by_function", kwargs)
        function = self._function(kwargs)
        versions = [v for number, v in function.versions.items() if number not in self.unlisted]
        return self._page("Versions", [function.configuration, *versions], kwargs)

    def _page(self, name: str, items: list[dict[str, Any]], kwargs: dict[str, Any]) -> dict[str, Any]:
        at = int(kwargs.get("Marker", 0))
        end = at + self.page_size
        more = {"NextMarker": str(end)} if end < len(items) else {}
        return {name: [dict(item) for item in items[at:end]], **more}

    def delete_alias(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_alias", kwargs)
        with self._lock:
            self._function(kwargs).aliases.pop(kwargs["Name"], None)
        self.after_call("delete_alias", kwargs)
        return {}

    def delete_function(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_function", kwargs)
        with self._lock:
            function = self._function(kwargs)
            number = kwargs.get("Qualifier")
            if number is None:
                del self.functions[function.configuration["FunctionName"]]
            elif any(alias["FunctionVersion"] == number for alias in function.aliases.values()):
                raise client_error(
                    "ResourceConflictException",
                    "Unable to delete version because the following aliases reference it: [...]",
                    409,
                )
            elif function.versions.pop(number, None) is None:
                raise client_error("ResourceNotFoundException", "Function not found", 404)
        self.after_call("delete_function", kwargs)
        return {}

    def invoke(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("invoke", kwargs)
        request_id = str(uuid.uuid4())
        with self._lock:
            configuration = dict(self._at(self._function(kwargs), kwargs.get("Qualifier")))
            place = f"{configuration['FunctionName']}:{configuration['Version']}"
            self.invoked.append((kwargs.get("Qualifier"), kwargs["Payload"]))
            self.executed.append(place)
            idle = self._idle.setdefault(place, [])
            cold = not idle
            environment = self._new_stream(configuration) if cold else self.choose(tuple(idle))
            if not cold:
                idle.remove(environment)
        call = {"request_id": request_id, "configuration": configuration, "cold": cold, "environment": environment}
        try:
            scripted = self.answer({**kwargs, **call})
            if scripted is not None:
                return scripted
            self.sleep(self.latency.get("running", 0.0))
        finally:
            with self._lock:
                idle.append(environment)
        text = self._report(request_id, configuration, cold=cold)
        self.write_log(call, text)
        self.after_call("invoke", kwargs)
        version = configuration["Version"]
        return answer(request_id, text if kwargs.get("LogType") == "Tail" else None, version=version)

    def _report(self, request_id: str, configuration: Mapping[str, Any], *, cold: bool) -> str:
        """What the platform logs of an invocation that went well."""
        duration = self.duration_ms(configuration["MemorySize"])
        init = 150.0 if cold else None
        billed = -int(-(duration + (init or 0)) // 1)
        logging = configuration.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON":
            return report_text(
                request_id, duration=duration, billed=billed, memory=configuration["MemorySize"], init=init
            )
        if logging.get("SystemLogLevel") == "WARN":
            return ""
        return report_json(
            request_id, duration=duration, billed=billed, memory=configuration["MemorySize"], init=init
        )

    def get_provisioned_concurrency_config(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_provisioned_concurrency_config", kwargs)
        kept = self.provisioned.get(kwargs["Qualifier"])
        if kept is None:
            code = "ProvisionedConcurrencyConfigNotFoundException"
            raise client_error(code, "No Provisioned Concurrency Config found for this function", 404)
        return {"RequestedProvisionedConcurrentExecutions": kept, "Status": "READY"}

    def get_metric_data(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_data", kwargs)
        results = []
        for query in kwargs["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            values = self.metrics.get((metric["MetricName"], *(each["Value"] for each in metric["Dimensions"])), [])
            times = [kwargs["StartTime"]] * len(values)
            results.append({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": list(values)})
        return {"MetricDataResults": results}

    def get_metric_statistics(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_statistics", kwargs)
        return {"Datapoints": []}

    def get_lambda_function_recommendations(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_lambda_function_recommendations", kwargs)
        return {"lambdaFunctionRecommendations": []}

    def get_object(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_object", kwargs)
        key = (kwargs["Bucket"], kwargs["Key"])
        if key not in self.objects:
            raise client_error("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": io.BytesIO(self.objects[key])}


#: What a version has for itself, and what AWS changes by itself.
_OWN = ("Version", "Description", "RevisionId", "State", "StateReason", "LastUpdateStatus", "LastModified")


def _differ(version: Mapping[str, Any], configuration: Mapping[str, Any]) -> bool:
    """Whether PublishVersion makes a new version: only if something has changed since the last one."""
    return any(version.get(key) != configuration.get(key) for key in {*version, *configuration} - {*_OWN})


def make_zip(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of files, the same for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def elf(machine: int, *, big: bool = False) -> bytes:
    """The beginning of a native binary for a machine, by its number in ELF."""
    order: Literal["little", "big"] = "big" if big else "little"
    identity = b"\x7fELF" + bytes((2, 2 if big else 1, 1)) + bytes(9)
    return identity + (3).to_bytes(2, order) + machine.to_bytes(2, order) + bytes(44)


def answer(
    request_id: str, text: str | None, *, payload: bytes = b"{}", error: str | None = None, version: str = "1"
) -> dict[str, Any]:
    """What boto3's invoke returns."""
    return {
        "StatusCode": 200,
        "ExecutedVersion": version,
        "Payload": io.BytesIO(payload),
        "ResponseMetadata": {"RequestId": request_id, "HTTPHeaders": {}},
        **({"LogResult": base64.b64encode(text.encode()).decode()} if text is not None else {}),
        **({"FunctionError": error} if error else {}),
    }


def fake_aws(fake: FakeLambda, *, clock: FakeClock | None = None, rate: float = 1000.0) -> Aws:
    """Our door to AWS, opening onto the fake, in no time."""
    clock = clock or FakeClock()
    fake.wall = clock
    client: Any = fake
    return Aws(
        clients=Clients(control=client, invoke=client, logs=client, cloudwatch=client, s3=client, optimizer=client),
        region="us-east-1",
        limiter=RateLimiter(rate, 2 * rate, clock=clock, sleep=clock.sleep),
        sleep=clock.sleep,
        fetch=fake.fetch,
        clock=clock,
    )


class FakeTarget:
    """A `measure.Target` whose invocations are told beforehand, by size and turn."""

    def __init__(
        self,
        behaviour: Callable[[int, int], Invocation] | None = None,
        *,
        limit_mb: int = 10_240,
        recoverable: Mapping[str, Invocation] | None = None,
        environment_of: Callable[[Invocation], str | None] = lambda invocation: None,
    ) -> None:
        self.events: list[str] = []
        self.behaviour = behaviour or (lambda memory_mb, turn: invocation(100_000 / memory_mb, memory_mb=memory_mb))
        self.limit_mb = limit_mb
        self.recoverable = recoverable or {}
        self.environment_of = environment_of
        self.asked_after_undo: bool | None = None
        self.throttles = 0
        self.advisories: tuple[Advisory, ...] = ()
        self._turns: dict[int, itertools.count[int]] = {}
        self._lock = threading.Lock()

    def _log(self, event: str) -> None:
        with self._lock:
            self.events.append(event)

    def open(self) -> None:
        self._log("open")

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        for configuration in configurations:
            publishing.waiting(configuration, "publishing")
            if configuration.memory_mb > self.limit_mb:
                refused = MemorySizeRefused(f"at most {self.limit_mb} MB", limit_mb=self.limit_mb)
                publishing.refused(configuration, refused)
                continue
            self._log(f"publish {configuration.memory_mb}")
            publishing.ready(configuration)
        self._log("rest")

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        with self._lock:
            turn = next(self._turns.setdefault(configuration.memory_mb, itertools.count()))
        result = self.behaviour(configuration.memory_mb, turn)
        self._log(f"invoke {configuration.memory_mb} {payload.decode()}")
        values = {name: getattr(result, name) for name in result.__dataclass_fields__}
        return Invocation(**{**values, "lane": lane})

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        count = sum(map(len, invocations.values()))
        self._log(f"recover {count}{' patiently' if patient else ''}")
        return self.recoverable

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        self._log(f"lost {sum(map(len, invocations.values()))}")
        return True

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        self.asked_after_undo = self.events[-1:] == ["undo"]
        known = [(i.request_id, self.environment_of(i)) for each in invocations.values() for i in each]
        return {request_id: name for request_id, name in known if request_id is not None and name is not None}

    def undo(self) -> None:
        self._log("undo")


def invocation(duration_ms: float | None, *, memory_mb: int = 128, **fields: Any) -> Invocation:
    """An invocation that went well, unless the fields say otherwise."""
    return Invocation(
        **{
            "started_at": 0.0,
            "duration_ms": duration_ms,
            "billed_ms": None if duration_ms is None else max(1, int(duration_ms + 0.999)),
            "memory_mb": memory_mb,
            "status": Status.OK,
            "request_id": str(uuid.uuid4()),
            **fields,
        }
    )


@dataclass
class RecordingObserver:
    """A `measure.Observer` that keeps what it was told."""

    runs: list[TuningRun] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    spent: float = 0.0

    def chosen(self, batch: Batch) -> None:
        self.events.append(f"chosen {batch.why}")

    def waiting(self, configuration: Configuration, what: str) -> None:
        self.waits.append(f"{configuration.memory_mb} {what}")

    def published(self, configuration: Configuration) -> None:
        self.events.append(f"published {configuration.memory_mb}")

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        self.events.append(f"unmeasured {configuration.memory_mb} {reason}")

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        self.spent = spent

    def saved(self, run: TuningRun) -> None:
        self.runs.append(run)

    def restoring(self) -> None:
        self.events.append("restoring")

    def restored(self) -> None:
        self.events.append("restored")
