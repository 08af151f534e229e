"""A scheduled scan against the fakes: its steps in the order of the definition, in no time."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast

from fake_buckets import ACCOUNT, FakeBuckets
from fake_organizations import FakeAccountManagement, FakeOrganizations
from fake_service import Enter, FakeService, client_error
from fakes import FakeClock, FakeLambda, fake_aws
from scan_places import NOW

from powertune.aws.client import Aws
from powertune.aws.connection import Connection
from powertune.engine.steps import scanning
from powertune.engine.steps.worker import Worker

RESULTS, ARTIFACTS, ACCOUNTS_KEY = "results", "artifacts", "powertune/powertune/accounts-1.json"
STEPS: Mapping[str, Callable[[Worker, Any], Any]] = {
    "targets": scanning.find_places,
    "place": scanning.scan_place,
    "reduce": scanning.combine,
}
SETTINGS = {
    "regions": "",
    "organization": "false",
    "accountsBucket": ARTIFACTS,
    "accountsKey": "",
    "role": "powertune-scan",
    "externalId": "",
    "days": "14",
    "maxSpend": "0.25",
    "sideBySide": "40",
}


class FakeDoors(FakeService):
    """A boto3 STS client: the roles of accounts, of which some let nobody in."""

    service = "sts"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.closed: set[str] = set()

    def get_caller_identity(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_caller_identity", kwargs)
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/me"}

    def assume_role(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("assume_role", kwargs)
        if kwargs["RoleArn"].split(":")[4] in self.closed:
            raise client_error("AccessDenied", "not authorized to perform sts:AssumeRole", 403)
        ends = datetime.now(UTC) + timedelta(hours=1)
        return {
            "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": ends},
        }


@dataclass
class FakeWorkerConnection:
    """A connection that leads to the fakes, whoever signs."""

    make: Callable[[], Aws]
    region: str = "us-east-1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def aws(self, **_: Any) -> Aws:
        return self.make()

    def in_region(self, region: str) -> Connection:
        return cast(Connection, FakeWorkerConnection(self.make, region))

    def signed_by(self, _credentials: Any, region: str, _identity: Any = None) -> Connection:
        return self.in_region(region)


@dataclass
class ScheduledExecution:
    """One execution and its workers. `sent` is what each step has called. `dies` are accounts whose worker does."""

    fake: FakeLambda
    arn: str = "arn:aws:states:us-east-1:123456789012:execution:powertune-scan:one"
    dies: tuple[str, ...] = ()
    sent: defaultdict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.s3 = FakeBuckets(self.fake.record)
        self.s3.buckets |= {RESULTS: {}, ARTIFACTS: {}}
        self.doors = FakeDoors(self.fake.record)
        self.organizations = FakeOrganizations(self.fake.record)
        self.management = FakeAccountManagement({"us-east-1": "ENABLED_BY_DEFAULT"}, self.fake.record)

    @property
    def objects(self) -> dict[str, bytes]:
        """What is in the results bucket."""
        return self.s3.buckets[RESULTS]

    def run(self, **settings: str) -> Any:
        """The output of an execution, with the message."""
        found = self.take("targets", {"execution": self.arn, "settings": {**SETTINGS, **settings}})
        manifest = self.go_through(found) if found["places"] else None
        return self.take("reduce", {"scan": found["scan"], "manifest": manifest})

    def go_through(self, found: dict[str, Any]) -> str:
        """The distributed map: a worker for each place; returns the key of what is written about them."""
        failed = []
        for place in json.loads(self.objects[found["placesKey"]]):
            event = {"scan": found["scan"], "place": place}
            if place["account_id"] in self.dies:
                cause = json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"})
                failed.append({"Input": json.dumps(event), "Error": "Runtime.ExitError", "Cause": cause})
            else:
                self.take("place", event)
        folder = f"{found['resultsPrefix']}/0badcafe"
        self.objects[f"{folder}/FAILED_0.json"] = json.dumps(failed).encode()
        files = {"FAILED": [{"Key": f"{folder}/FAILED_0.json", "Size": 1}], "PENDING": [], "SUCCEEDED": []}
        self.objects[f"{folder}/manifest.json"] = json.dumps({"ResultFiles": files}).encode()
        return f"{folder}/manifest.json"

    def take(self, step: str, event: Any) -> Any:
        """Take one step between two states, whose input and output are JSON."""
        start = len(self.fake.operations)
        try:
            return json.loads(json.dumps(STEPS[step](self._worker(), json.loads(json.dumps(event)))))
        finally:
            self.sent[step] += zip(self.fake.operations[start:], self.fake.arguments[start:], strict=True)

    def _worker(self) -> Worker:
        return Worker(
            bucket=RESULTS,
            account=ACCOUNT,
            attempt="1",
            connect=lambda region, _: cast(Connection, FakeWorkerConnection(self._aws, region or "us-east-1")),
            ends_at=self.clock() + 900,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def _aws(self) -> Aws:
        return fake_aws(
            self.fake,
            clock=self.clock,
            s3=self.s3,
            sts=self.doors,
            organizations=self.organizations,
            account=self.management,
        )
