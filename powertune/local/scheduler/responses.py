"""The HTTP interface of EventBridge Scheduler: moto's, with checked requests."""

import json
from typing import Any, cast
from urllib.parse import unquote

from moto.scheduler.responses import EventBridgeSchedulerResponse

from powertune.local.lambda_api.errors import ControlError
from powertune.local.scheduler.backend import ScheduleBackend
from powertune.local.scheduler.requests import checked


class ScheduleResponse(EventBridgeSchedulerResponse):
    """One request to EventBridge Scheduler. The methods are the API's operations."""

    @property
    def control(self) -> ScheduleBackend:
        """The region and account that the request is for."""
        return cast(ScheduleBackend, self.scheduler_backend)

    def create_schedule(self) -> str:
        """CreateSchedule."""
        schedule = self.control.create(checked("CreateSchedule", self._given()))
        return json.dumps({"ScheduleArn": schedule.arn})

    def update_schedule(self) -> str:
        """UpdateSchedule."""
        schedule = self.control.change(checked("UpdateSchedule", self._given()))
        return json.dumps({"ScheduleArn": schedule.arn})

    def create_schedule_group(self) -> str:
        """CreateScheduleGroup."""
        asked = checked("CreateScheduleGroup", self._given())
        group = self.control.create_schedule_group(asked["Name"], asked.get("Tags") or [])
        return json.dumps({"ScheduleGroupArn": group.arn})

    def _given(self) -> dict[str, Any]:
        """The body, and the name in the path."""
        try:
            body = json.loads(self.body or "{}")
        except ValueError as error:
            raise ControlError(400, "SerializationException", "the body of the request is not JSON") from error
        if not isinstance(body, dict):
            raise ControlError(400, "SerializationException", "the body of the request is not a JSON object")
        return {**body, "Name": unquote(self.uri.split("?")[0].rpartition("/")[2])}
