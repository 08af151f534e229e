"""Our door to AWS, opening onto the fakes."""

from typing import Any

from fake_clock import FakeClock
from fake_lambda import FakeLambda

from powertune.aws.boto_clients import BotoClients, Role
from powertune.aws.client import Aws
from powertune.aws.rate_limit import RateLimiter


def fake_clients(fake: FakeLambda, **others: Any) -> BotoClients:
    """The fakes as clients, or others in their place, by role."""

    def make(role: Role) -> Any:
        ours: dict[Role, Any] = {
            "control": fake,
            "invoke": fake,
            "logs": fake.logs,
            "cloudwatch": fake.cloudwatch,
            "s3": fake.s3,
            "optimizer": fake.optimizer,
            "sts": fake.caller,
        }
        return others.get(role, ours.get(role))

    return BotoClients(make)


def fake_aws(fake: FakeLambda, *, clock: FakeClock | None = None, rate: float = 1000.0, **others: Any) -> Aws:
    """Our door to AWS, opening onto the fake, in no time; `others` are clients by their roles."""
    clock = clock or FakeClock()
    fake.logs.wall = clock
    return Aws(
        clients=fake_clients(fake, **others),
        region="us-east-1",
        limiter=RateLimiter(rate, 2 * rate, clock=clock, sleep=clock.sleep),
        sleep=clock.sleep,
        fetch=fake.fetch,
        clock=clock,
    )
