"""Bucket policies: what they say without a condition holds; statements under a condition are kept, not judged."""

import json
from typing import Any


def install_bucket_policies() -> None:
    """Keep moto from taking every condition for one that is met: it would deny all where a policy asks for TLS.

    The endpoint is on this machine and has no TLS, so that a policy that asks for it could not be met by anybody.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(self: Any, action: str, resource: str) -> Any:
        judged = without_conditions(self.policy)
        return PermissionResult.NEUTRAL if judged is None else IAMPolicy(judged).is_action_permitted(action, resource)

    bucket: Any = FakeBucket
    bucket.get_permission = get_permission


def without_conditions(policy: bytes | None) -> str | None:
    """The statements of a policy that no condition limits, as a policy; None if there are none."""
    if policy is None:
        return None
    document = json.loads(policy)
    given = document["Statement"]
    statements = [each for each in ([given] if isinstance(given, dict) else given) if not each.get("Condition")]
    return json.dumps({**document, "Statement": statements}) if statements else None
