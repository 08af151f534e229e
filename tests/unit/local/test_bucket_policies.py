import json

from powertune.local.endpoint.bucket_policies import without_conditions

DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
ONLY_TLS = {**DENY, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def policy(*statements: object) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


def test_what_a_condition_limits_is_not_judged() -> None:
    judged = without_conditions(policy(DENY, ONLY_TLS))
    assert judged is not None
    assert json.loads(judged) == {"Version": "2012-10-17", "Statement": [DENY]}
    assert without_conditions(policy(ONLY_TLS)) is None
    assert without_conditions(json.dumps({"Statement": ONLY_TLS}).encode()) is None
    assert without_conditions(None) is None
