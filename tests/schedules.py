"""An embedded AWS whose clock of schedules a test advances, and the schedules in it."""

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from powertune.local.embedded import EmbeddedAWS

OFF = {"Mode": "OFF"}


def trust(service: str) -> dict[str, Any]:
    """A policy that lets a service assume a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True)
class Schedules:
    """Schedules, deleted by `clean`."""

    aws: EmbeddedAWS
    client: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)
    names: list[str] = field(default_factory=list)

    def create(self, expression: str, target: str, text: str | None = None, **options: Any) -> str:
        """A schedule; returns its name. Options of the target are those of the API with `Target` before them."""
        name = options.pop("Name", f"schedule-{next(self.numbers)}")
        own = {key.removeprefix("Target"): options.pop(key) for key in list(options) if key.startswith("Target")}
        given = {"Arn": target, "RoleArn": self.aws.role_arn, **({} if text is None else {"Input": text}), **own}
        wanted = {"FlexibleTimeWindow": OFF, "ScheduleExpression": expression, "Target": given, **options}
        self.client.create_schedule(Name=name, **wanted)
        self.names.append(name)
        return str(name)

    def after(self, seconds: float) -> datetime.datetime:
        """A time by the clock of schedules, in whole seconds."""
        now = self.aws.advance_schedules(0).replace(microsecond=0)
        return now + datetime.timedelta(seconds=seconds)

    def clean(self) -> None:
        """Delete those that are still there."""
        for name in self.names:
            try:
                self.client.delete_schedule(Name=name)
            except self.client.exceptions.ResourceNotFoundException:
                continue
