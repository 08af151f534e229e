"""The services that deploying takes, over one account, and a watcher that remembers."""

from collections.abc import Sequence
from typing import Any

from fake_buckets import ACCOUNT, FakeBuckets
from fake_clock import FakeClock
from fake_formation import FakeFormation
from fake_lambda import FakeLambda
from fake_service import Enter, FakeService, client_error

from powertune.aws.boto_clients import BotoClients
from powertune.aws.client import Aws
from powertune.aws.rate_limit import RateLimiter
from powertune.aws.stacks.stack_changes import SettingChange, StackChange
from powertune.aws.stacks.stack_events import StackEvent


class FakeIdentities(FakeService):
    """A boto3 STS client."""

    service = "sts"

    def get_caller_identity(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_caller_identity", kwargs)
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me"}


class FakeMachines(FakeService):
    """A boto3 Step Functions client, in pages of one execution."""

    service = "stepfunctions"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.running: list[str] | None = []

    def list_executions(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_executions", kwargs)
        assert kwargs["statusFilter"] == "RUNNING"
        if self.running is None:
            raise client_error("StateMachineDoesNotExist", "State Machine Does Not Exist")
        start = int(kwargs.get("nextToken", "0"))
        more = {"nextToken": str(start + 1)} if start + 1 < len(self.running) else {}
        return {"executions": [{"name": name} for name in self.running[start : start + 1]], **more}


class FakeStackServices:
    """An account to deploy to. `operations` are the calls, in order; `fails_at` is the number of one that fails."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.operations: list[str] = []
        self.fails_at: int | None = None
        self.clock = FakeClock()
        self.formation, self.buckets = FakeFormation(self._enter), FakeBuckets(self._enter)
        self.machines = FakeMachines(self._enter)
        self.functions = FakeLambda()
        clients: dict[str, Any] = {
            "cloudformation": self.formation,
            "s3": self.buckets,
            "stepfunctions": self.machines,
            "sts": FakeIdentities(self._enter),
            "control": self.functions,
        }
        self.aws = Aws(
            clients=BotoClients(lambda role: clients[role]),
            region=region,
            limiter=RateLimiter(1000.0, 2000.0, clock=self.clock, sleep=self.clock.sleep),
            sleep=self.clock.sleep,
            clock=self.clock,
        )

    def _enter(self, service: str, name: str, kwargs: dict[str, Any]) -> None:
        self.operations.append(f"{service}.{name}")
        if len(self.operations) - 1 == self.fails_at:
            raise client_error("AccessDenied", "not you", 403)


class FakeWatcher:
    """Says yes, or what it was told to say, and remembers everything."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []
        self.lines: list[str] = []
        self.shown: list[StackChange] = []
        self.events: list[StackEvent] = []
        self.settings: list[tuple[str, str | None, str | None]] = []

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else True

    def changes(self, changes: Sequence[StackChange], settings: Sequence[SettingChange]) -> None:
        self.shown.extend(changes)
        self.settings = [(each.name, each.before, each.after) for each in settings]

    def bucket_created(self, name: str) -> None:
        self.lines.append(f"created {name}")

    def begins(self) -> None:
        self.lines.append("begins")

    def happened(self, event: StackEvent) -> None:
        self.events.append(event)

    def say(self, text: str) -> None:
        self.lines.append(text)
