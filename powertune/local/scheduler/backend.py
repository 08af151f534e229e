"""Moto's EventBridge Scheduler, whose schedules are entered in an agenda, and go with their group."""

from collections.abc import Mapping
from typing import Any

from moto.scheduler.exceptions import ScheduleGroupNotFound, ScheduleNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from powertune.local.lambda_api.errors import ControlError
from powertune.local.scheduler.agenda import Agenda
from powertune.local.scheduler.delivery import ScheduledInvocation
from powertune.local.scheduler.requests import check_schedule, invalid, timetable_of

_DEFAULT_GROUP = "default"


class ScheduleBackend(EventBridgeSchedulerBackend):
    """One region of one account. `agenda` is set by the server on a subclass."""

    agenda: Agenda

    def create(self, asked: Mapping[str, Any]) -> Any:
        """CreateSchedule; the one that is there already if the request is the same one again.

        Raises:
            ControlError: it cannot be, or there is another one of this name.
        """
        check_schedule(asked, self.agenda.now)
        group = self.get_schedule_group(asked.get("GroupName"))
        before: Any = group.schedules.get(asked["Name"])
        token = asked.get("ClientToken")
        if before is not None and token is not None and token == getattr(before, "client_token", None):
            return before
        if before is not None:
            raise _conflict(f"Schedule {asked['Name']} already exists.")
        made = self.create_schedule(
            name=asked["Name"], group_name=group.name, action_after_completion=_action(asked), **_wanted(asked)
        )
        vars(made)["client_token"] = token
        self._enter(made, asked)
        return made

    def change(self, asked: Mapping[str, Any]) -> Any:
        """UpdateSchedule, which replaces all of it.

        Raises:
            ControlError: it cannot be so.
        """
        check_schedule(asked, self.agenda.now)
        schedule = self.update_schedule(
            name=asked["Name"], group_name=asked.get("GroupName", _DEFAULT_GROUP), **_wanted(asked)
        )
        # Moto keeps the one that it was created with.
        schedule.action_after_completion = _action(asked)
        self._enter(schedule, asked)
        return schedule

    def delete_schedule(self, group_name: str | None, name: str) -> None:
        """DeleteSchedule."""
        arn = self.get_schedule(group_name, name).arn
        super().delete_schedule(group_name, name)
        self.agenda.remove(arn)

    def create_schedule_group(self, name: str, tags: list[dict[str, str]]) -> Any:
        """CreateScheduleGroup.

        Raises:
            ControlError: there is one of this name.
        """
        if name in self.schedule_groups:
            raise _conflict(f"Schedule group {name} already exists.")
        return super().create_schedule_group(name, tags)

    def delete_schedule_group(self, name: str | None) -> None:
        """DeleteScheduleGroup, with its schedules.

        Raises:
            ControlError: it is the default one.
        """
        if name == _DEFAULT_GROUP:
            raise invalid("The default schedule group cannot be deleted.")
        if name not in self.schedule_groups:
            raise ScheduleGroupNotFound(str(name))
        for schedule in self.schedule_groups[name].schedules.values():
            self.agenda.remove(schedule.arn)
        super().delete_schedule_group(name)

    def _enter(self, schedule: Schedule, asked: Mapping[str, Any]) -> None:
        timetable = None if schedule.state == "DISABLED" else timetable_of(asked)
        arn, target = schedule.arn, dict(schedule.target)
        complete = self._delete_completed if schedule.action_after_completion == "DELETE" else _keep
        self.agenda.enter(
            arn,
            timetable,
            lambda scheduled: ScheduledInvocation.of(arn, target, scheduled).send(),
            lambda: complete(schedule),
        )

    def _delete_completed(self, schedule: Schedule) -> None:
        try:
            self.delete_schedule(schedule.group_name, schedule.name)
        except (ScheduleNotFound, ScheduleGroupNotFound):
            # Somebody was faster.
            return


def _keep(_schedule: Schedule) -> None:
    """A schedule that is over stays, unless it says otherwise."""


def _conflict(message: str) -> ControlError:
    return ControlError(409, "ConflictException", message)


def _action(asked: Mapping[str, Any]) -> str:
    return str(asked.get("ActionAfterCompletion", "NONE"))


def _wanted(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of moto's methods."""
    return {
        "description": asked.get("Description"),
        "end_date": asked.get("EndDate"),
        "flexible_time_window": asked["FlexibleTimeWindow"],
        "kms_key_arn": asked.get("KmsKeyArn"),
        "schedule_expression": asked["ScheduleExpression"],
        "schedule_expression_timezone": asked.get("ScheduleExpressionTimezone"),
        "start_date": asked.get("StartDate"),
        "state": asked.get("State", "ENABLED"),
        "target": {**asked["Target"], "RetryPolicy": _retry_policy(asked["Target"])},
    }


def _retry_policy(target: Mapping[str, Any]) -> dict[str, Any]:
    """What is not given is a day and 185 attempts."""
    given = target.get("RetryPolicy") or {}
    return {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185, **given}
