"""What the autopilot has to be allowed: to scan, to tune, to read tags, and to keep its state."""

from typing import Any

from powertune.aws.autopilot_policy import autopilot_policy
from powertune.aws.iam_policy import Grant, policy
from powertune.aws.scan_policy import ScanGrant, scan_policy
from powertune.model import FunctionRef

ALL = "arn:aws:lambda:*:ACCOUNT_ID:function:*"


def statements(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {each["Sid"]: each for each in document["Statement"]}
    assert len(found) == len(document["Statement"])
    return found


def test_all_functions_of_the_account() -> None:
    found = statements(autopilot_policy(None, Grant(), None))
    assert found["PowertuneScanOwnAccount"] == scan_policy(ScanGrant())["Statement"][0]
    assert found["PowertuneRunFunction"]["Resource"] == [ALL, f"{ALL}:*"]
    assert found["PowertuneAutopilotTags"]["Action"] == ["lambda:ListTags"]
    assert "powertune-any-function" not in str(found)


def test_no_function_can_be_deleted_as_a_whole() -> None:
    """An ARN without a qualifier has one colon less than what is allowed."""
    found = statements(autopilot_policy(None, Grant(), None))
    deleting = [each for each in found.values() if "lambda:DeleteFunction" in each["Action"]]
    assert [each["Resource"] for each in deleting] == [f"{ALL}:*"]


def test_copies_of_all_functions_have_the_names_of_copies() -> None:
    grant = Grant(isolate=True, role="arn:aws:iam::123456789012:role/orders")
    found = statements(autopilot_policy(None, grant, None))
    assert found["PowertuneRunCopies"]["Resource"] == f"{ALL}-powertune-*"
    assert found["PowertuneRunRole"]["Resource"] == "arn:aws:iam::123456789012:role/orders"
    # A function itself is not changed.
    changing = {"lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "lambda:InvokeFunction"}
    assert not changing & set(found["PowertuneRunFunction"]["Action"])


def test_one_function() -> None:
    ref = FunctionRef.parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:orders")
    document = autopilot_policy(ref, Grant(), "s3://kept/a/b")
    run = policy("run", ref)["Statement"]
    assert [each for each in document["Statement"] if each in run] == run
    found = statements(document)
    assert found["PowertuneAutopilotListState"]["Resource"] == "arn:aws-cn:s3:::kept"
    assert found["PowertuneAutopilotKeepState"]["Resource"] == "arn:aws-cn:s3:::kept/a/b/*"
    assert found["PowertuneAutopilotKeepState"]["Action"] == ["s3:GetObject", "s3:PutObject"]


def test_a_bucket_without_a_prefix() -> None:
    found = statements(autopilot_policy(None, Grant(), "s3://kept"))
    assert found["PowertuneAutopilotKeepState"]["Resource"] == "arn:aws:s3:::kept/*"
