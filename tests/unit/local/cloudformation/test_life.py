"""Stacks of the embedded CloudFormation: the status after an operation that broke off, and damaged templates."""

import botocore.session
import pytest

from powertune.local.cloudformation.faults import Refused
from powertune.local.cloudformation.operations import broken_off
from powertune.local.cloudformation.reading import read_template


@pytest.mark.long
@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("CREATE_IN_PROGRESS", "CREATE_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_FAILED"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
    ],
)
def test_an_operation_that_breaks_off_leaves_a_status_that_aws_has(status: str, after: str) -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    known = model.shape_for("StackStatus").metadata["enum"]
    assert broken_off(status) == after
    assert {status, after} <= set(known)


@pytest.mark.long
@pytest.mark.parametrize("text", ["{", '{"a": ' * 100_000, "[1", "a: [", "{a: !Sub [}", "\x00", "", "5"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Template format error"):
        read_template(text)
