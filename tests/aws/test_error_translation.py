"""Errors of other services that Lambda passes on, each with the next step that helps."""

import pytest
from fakes import client_error

from powertune.aws.error_translation import is_transient, translate
from powertune.errors import AccessDenied, FunctionRefused, PowertuneError

EC2 = (
    "Your access has been denied by EC2, please make sure your request credentials have permission to "
    "DescribeSecurityGroups for sg-1. EC2 Error Code: UnauthorizedOperation. EC2 Error Message: You are not allowed."
)
GRANT = (
    "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
    "CreateGrant. Please check your KMS key settings. KMS Exception: AccessDeniedException"
)
DISABLED = "Lambda was unable to configure access because the KMS key used is disabled. Please check your KMS key."
DENIED = "User: me is not authorized to perform: kms:CreateGrant on resource: arn:aws:kms:us-east-1:1:key/1"


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "hint"),
    [
        ("AccessDeniedException", EC2, 403, AccessDenied, "powertune iam run --vpc"),
        ("AccessDeniedException", DENIED, 403, AccessDenied, "powertune iam run --kms-key"),
        ("InvalidParameterValueException", GRANT, 400, AccessDenied, "powertune iam run --kms-key"),
        ("InvalidParameterValueException", DISABLED, 400, FunctionRefused, "key must be enabled"),
        ("KMSAccessDeniedException", "Lambda couldn't decrypt", 502, FunctionRefused, "kms:Decrypt"),
        ("KMSDisabledException", "the KMS key used is disabled", 502, FunctionRefused, "key must be enabled"),
        ("CodeStorageExceededException", "Code storage limit exceeded.", 400, FunctionRefused, "L-2ACBD22F"),
    ],
)
def test_the_words_of_the_other_service_are_shown_with_a_hint_of_their_own(
    code: str, message: str, status: int, kind: type[PowertuneError], hint: str
) -> None:
    error = translate(client_error(code, message, status), "lambda.publish_version")
    assert type(error) is kind
    assert message in error.message
    assert hint in (error.hint or "")
    assert not error.message.startswith("not allowed to call lambda:")


def test_full_code_storage_does_not_pass_by_itself() -> None:
    assert not is_transient(client_error("CodeStorageExceededException", "Code storage limit exceeded.", 400))


def test_lambda_itself_says_no_as_before() -> None:
    error = translate(client_error("AccessDeniedException", "no", 403), "lambda.publish_version")
    assert error.message == "not allowed to call lambda:PublishVersion: no"
    assert error.hint == "`powertune iam` prints the policy"
