"""The states of a function: what AWS shows while it is being created or changed, and what it refuses meanwhile.

The states Inactive and Failed do not occur. Snapshots of SnapStart take their time, but are not taken.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from powertune.local.lambda_api.errors import ControlError, conflict
from powertune.local.settings import Latencies

SETTLED = {"State": "Active", "LastUpdateStatus": "Successful"}
"""What a configuration shows when nothing is under way."""

STATE_FIELDS = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)
"""What GetFunction shows, and lists do not."""

_REASON = "The function is being created."


class Stage(Enum):
    """What is under way."""

    CREATING = "creating"
    UPDATING = "updating"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The control plane's clock, in seconds, and how long each stage takes."""

    latencies: Latencies = field(default_factory=Latencies)
    clock: Callable[[], float] = time.monotonic

    def end(self, stage: Stage, earliest: float | None = None) -> float:
        """When a stage ends that begins now, or at `earliest` if that is later."""
        latencies = self.latencies
        took_ms = {
            Stage.CREATING: latencies.create_ms,
            Stage.UPDATING: latencies.update_ms,
            Stage.SNAPSHOT: latencies.snapshot_ms,
        }
        return max(self.clock(), earliest or 0.0) + took_ms[stage] / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something under way until `settled_at`, in seconds of the control plane's clock.

    AWS gives a function another revision when a change has ended: `revision_id` is the one until then.
    """

    stage: Stage
    settled_at: float
    revision_id: str

    @property
    def shown(self) -> dict[str, str]:
        """What a configuration shows meanwhile."""
        if self.stage is Stage.UPDATING:
            return {
                "State": "Active",
                "LastUpdateStatus": "InProgress",
                "LastUpdateStatusReason": _REASON,
                "LastUpdateStatusReasonCode": "Creating",
            }
        return {"State": "Pending", "StateReason": _REASON, "StateReasonCode": "Creating"}

    def change_refused(self, arn: str) -> ControlError:
        """The error for a caller who changes or publishes the function meanwhile."""
        if self.stage is Stage.UPDATING:
            return conflict(
                f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )
        return conflict(
            f"The operation cannot be performed at this time. The resource {arn} is currently in the following "
            "state: 'Pending'. StateReasonCode: 'Creating'"
        )

    @property
    def invocation_refused(self) -> ControlError | None:
        """The error for a caller who invokes it meanwhile; None during an update, as the old function still runs."""
        if self.stage is Stage.UPDATING:
            return None
        if self.stage is Stage.SNAPSHOT:
            return ControlError(
                409,
                "SnapStartNotReadyException",
                "Lambda is initializing your function. It will be ready to invoke once your function state becomes "
                "ACTIVE.",
            )
        return conflict(
            "The operation cannot be performed at this time. "
            "The function is currently in the following state: Pending"
        )
