"""An account that remembers: its functions, what may happen to a call, and what a test may look at."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_caller import FakeCaller
from fake_cloudwatch import FakeCloudWatch
from fake_logs import FakeLogs
from fake_optimizer import FakeOptimizer
from fake_packages import make_zip
from fake_s3 import FakeS3
from fake_service import FakeService, client_error


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


class FakeAccount(FakeService):
    """The state of one account. `calls` holds the method of every call, `operations` the service as well,
    `arguments` what it was given.

    `on_call(name, kwargs)` runs before a call takes effect and may raise; `after_call` runs after it took effect and
    may raise too, like an answer that is lost. `latency` is slept per call, by method name.
    """

    service = "lambda"

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
        super().__init__(self.record)
        self._lock = threading.RLock()
        self.calls: list[str] = []
        self.operations: list[str] = []
        self.arguments: list[dict[str, Any]] = []
        self.logs = FakeLogs(self.record)
        self.cloudwatch = FakeCloudWatch(self.record)
        self.s3 = FakeS3(self.record)
        self.caller = FakeCaller(self.record)
        self.optimizer = FakeOptimizer(self.record)
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
        #: Provisioned concurrency as it is listed, of any function.
        self.kept_ready: list[dict[str, Any]] = []
        #: Function -> its reserved concurrency.
        self.reserved: dict[str, int] = {}
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

    def record(self, service: str, name: str, kwargs: dict[str, Any]) -> None:
        with self._lock:
            self.calls.append(name)
            self.operations.append(f"{service}.{name}")
            self.arguments.append(kwargs)
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

    def _page(self, name: str, items: list[dict[str, Any]], kwargs: dict[str, Any]) -> dict[str, Any]:
        at = int(kwargs.get("Marker", 0))
        end = at + self.page_size
        more = {"NextMarker": str(end)} if end < len(items) else {}
        return {name: [dict(item) for item in items[at:end]], **more}
