"""Reading a place from the fakes, and what CloudWatch has of the functions in it."""

from datetime import UTC, datetime
from typing import Any

from fake_logs import LogEvent
from fakes import FakeClock, FakeLambda, fake_aws, report_text
from scanned import DAY_S

from powertune.aws.scanning.place import read_place
from powertune.prices import PriceTable
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion, FunctionEvidence
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need

#: 8 o'clock, UTC, of a day that has not ended.
NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC).timestamp()
#: Two weeks of whole days, and of today.
DAYS, PERIODS = 14, 15
PLACE = AccountRegion(account_id="123456789012", region="us-east-1")
PRICES = PriceTable.bundled().region("us-east-1")


def account(*names: str, **configuration: Any) -> FakeLambda:
    """An account with these functions, in pages of AWS's size."""
    fake = FakeLambda()
    fake.page_size = 50
    for name in names:
        fake.add(name, **configuration)
    return fake


def scan(fake: FakeLambda, *needs: Need, place: AccountRegion = PLACE, **request: Any) -> ScannedPlace:
    """What is read of the account for these needs, of 14 days."""
    options = {"days": 14, "now": NOW, "needs": frozenset(needs), "prices": PRICES, **request}
    return read_place(fake_aws(fake, clock=FakeClock(NOW)), place, ScanRequest(**options))


def known(scanned: ScannedPlace) -> dict[str, FunctionEvidence]:
    """The evidence, by the names of the functions."""
    return {each.name: each for each in scanned.evidence.functions}


def gaps(scanned: ScannedPlace) -> list[tuple[str, str, tuple[str, ...], str]]:
    """What could not be read: what, why, of which functions, and the missing action."""
    return [(gap.what, gap.reason, gap.subjects, gap.action) for gap in scanned.gaps]


def invoke(fake: FakeLambda, name: str, daily: float = 100.0, *, ms: float = 50.0, errors: float = 0.0) -> None:
    """As many invocations every day, all equally long."""
    series = fake.cloudwatch.series
    series["Invocations", "Sum", name] = [daily] * PERIODS
    series["Duration", "Sum", name] = [daily * ms] * PERIODS
    for statistic in ("p50", "p95", "p99", "Maximum"):
        series["Duration", statistic, name] = [ms] * PERIODS
    series["ConcurrentExecutions", "Maximum", name] = [3.0] * PERIODS
    if errors:
        series["Errors", "Sum", name] = [errors] * PERIODS


def full_account() -> FakeLambda:
    """An account of which everything is asked."""
    fake = account("busy", "idle", "throttled")
    fake.publish_user_version("busy", alias="prod")
    invoke(fake, "busy", ms=100_000.0)
    fake.cloudwatch.series["Throttles", "Sum", "throttled"] = [9.0]
    fake.kept_ready = [
        {
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:busy:prod",
            "RequestedProvisionedConcurrentExecutions": 1,
            "LastModified": "2026-01-01T00:00:00+0000",
        }
    ]
    for line in report_text("00000001", memory=512, used=99).splitlines():
        fake.logs.events.append(
            LogEvent(group="/aws/lambda/busy", stream="2027/01/14/[$LATEST]a", at=NOW - DAY_S, message=line)
        )
    return fake
