"""What a boto3 error is: whether to try again, whether the call may have been executed, and what to tell a person."""

from typing import Any, NoReturn

from powertune.aws.actions import ACTIONS
from powertune.errors import (
    AccessDenied,
    AlreadyExists,
    Changed,
    FunctionBusy,
    FunctionRefused,
    IdentityError,
    NotFound,
    PowertuneError,
    Unavailable,
    UsageError,
)


def aws_errors() -> tuple[type[Exception], ...]:
    """What a boto3 call can raise."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError)


_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
    }
)
_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestExpired",
        "InvalidAccessKeyId",
    }
)
_NO_CREDENTIALS = frozenset(
    {
        "CredentialRetrievalError",
        "LoginError",
        "LoginRefreshRequired",
        "LoginTokenLoadError",
        "MetadataRetrievalError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "RefreshWithMFAUnsupportedError",
        "SSOError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
_MISCONFIGURED = frozenset(
    {
        "ConfigNotFound",
        "ConfigParseError",
        "InvalidChecksumConfigError",
        "InvalidConfigError",
        "InvalidDefaultsMode",
        "InvalidMaxRetryAttemptsError",
        "InvalidRegionError",
        "InvalidRetryConfigurationError",
        "InvalidRetryModeError",
        "InvalidSTSRegionalEndpointsConfigError",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
#: S3 refuses to create a bucket that is there already, and is ours; or an object that is there, or about to be; Step
#: Functions an execution that has ended.
_OURS = frozenset(
    {"BucketAlreadyOwnedByYou", "ExecutionAlreadyExists", "PreconditionFailed", "ConditionalRequestConflict"}
)
#: What Invoke answers, with a 4xx or 5xx, where a function's configuration keeps it from running.
_CANNOT_RUN = frozenset(
    {
        "EC2AccessDeniedException",
        "EFSIOException",
        "EFSMountConnectivityException",
        "EFSMountFailureException",
        "EFSMountTimeoutException",
        "ENILimitReachedException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "RecursiveInvocationException",
        "SnapStartException",
        "SubnetIPAddressLimitReachedException",
    }
)
#: Why Lambda could not decrypt a function's environment, code or snapshot.
_KEY = frozenset(
    {"KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException"}
)
_STORAGE = frozenset({"CodeStorageExceededException"})
_ABSENT = frozenset(
    {
        "ResourceNotFoundException",
        "ProvisionedConcurrencyConfigNotFoundException",
        "NoSuchKey",
        "NoSuchBucket",
        "ChangeSetNotFound",
        "StateMachineDoesNotExist",
        "ExecutionDoesNotExist",
        "404",
    }
)


def code_of(error: Exception) -> str:
    """The error code that AWS sent, or the name of botocore's own error."""
    return str(_error_part(error).get("Code", "")) or type(error).__name__


def is_refused(error: Exception) -> bool:
    """Whether AWS does not accept the credentials, as they have expired: nothing was executed."""
    return code_of(error) in _EXPIRED


def is_throttled(error: Exception) -> bool:
    """Whether AWS refused to do it now, and did not do it."""
    return status_of(error) == 429 or code_of(error) in _THROTTLED


def _error_part(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response.get("Error", {}) if isinstance(response, dict) else {}


def status_of(error: Exception) -> int:
    """The HTTP status that AWS answered with; 0 if there was no answer."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode", 0))


def is_transient(error: Exception) -> bool:
    """Whether it may pass: throttling, a failure of AWS or the network, or an update of the function under way."""
    if is_throttled(error) or status_of(error) >= 500 or is_network(error):
        return True
    message = str(_error_part(error).get("Message", "")).lower()
    lasting = "already exist" in message or "reference it" in message
    return code_of(error) == "ResourceConflictException" and not lasting


def is_network(error: Exception) -> bool:
    """Whether the answer did not come: the call may or may not have been carried out."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    return isinstance(error, NoConnection | HTTPClientError | IncompleteReadError)


def _already_exists(error: Exception) -> bool:
    return "already exist" in str(_error_part(error).get("Message", "")).lower()


def raise_translated(error: Exception, operation: str) -> NoReturn:
    """Raise what a boto3 error means to a person."""
    raise translate(error, operation) from error


def translate(error: Exception, operation: str) -> PowertuneError:
    """What a boto3 error means to a person, naming the IAM action.

    Args:
        operation: a key of `ACTIONS`, or what was tried in other words.
    """
    action = ACTIONS[operation].name if operation in ACTIONS else operation
    code = code_of(error)
    message = str(_error_part(error).get("Message", "") or error)
    if (of_another := _of_another_service(code, message, action)) is not None:
        return of_another
    for codes, kind, words, hint in _MEANINGS:
        if code in codes:
            return kind(words.format(action=action, message=message), hint=hint)
    if status_of(error) == 403:
        return AccessDenied(f"not allowed to call {action}: {message}", hint=_POLICY)
    if code == "ResourceConflictException":
        conflict = AlreadyExists if _already_exists(error) else FunctionBusy
        return conflict(f"{action}: {message}", hint="wait until the update of the function has ended")
    if code == "ValidationError" and "does not exist" in message:
        return NotFound(f"{action}: {message}", hint="check the name, the region and the account")
    if code == "InvalidParameterValueException" and "codesha256" in message.lower():
        return Changed(f"{action}: {message}", hint=_DEPLOYING)
    if is_throttled(error):
        return Unavailable(f"{action} is throttled: {message}", hint="lower --rate or --concurrency, or try later")
    if status_of(error) >= 500 or is_network(error):
        return Unavailable(f"{action} failed: {message}", hint="AWS or the network is unavailable; try later")
    return UsageError(f"{action}: {message}", hint="AWS rejected the request")


def _of_another_service(code: str, message: str, action: str) -> PowertuneError | None:
    """What Lambda passes on of a service that it asked with the caller's permissions: in that service's own words."""
    words = message.lower()
    if code in _DENIED and "denied by ec2" in words:
        return AccessDenied(f"EC2 refused a call by {action}: {message}", hint=_VPC)
    if code in _DENIED and ("perform: kms:" in words or "kms key" in words):
        return AccessDenied(f"KMS refused a call by {action}: {message}", hint=_USE_KEY)
    if code == "InvalidParameterValueException" and "kms key" in words:
        if "creategrant" in words or "accessdenied" in words:
            return AccessDenied(f"KMS refused a call by {action}: {message}", hint=_USE_KEY)
        return FunctionRefused(f"KMS refused a call by {action}: {message}", hint=_DECRYPT)
    return None


_VPC = "`powertune iam run --vpc` prints the policy that a function in a VPC needs"
_USE_KEY = (
    "`powertune iam run --kms-key ARN` prints the policy that allows it; the key's own policy must allow it as well"
)
_STORE = (
    "delete old versions and functions (lambda:GetAccountSettings shows TotalCodeSize), or ask AWS for more of the "
    "quota `Function and layer storage` (L-2ACBD22F)"
)
_DECRYPT = (
    "the key must be enabled, and let the function's execution role decrypt (kms:Decrypt): see KMSKeyArn in the "
    "function's configuration"
)


def how_to_restore(error: PowertuneError, command: str) -> str:
    """What to do when undoing has failed: the command, and before it what the error asks for."""
    return f"{SIGN_IN}, then: {command}" if isinstance(error, IdentityError) else command


_POLICY = "`powertune iam` prints the policy"
_DEPLOYING = "somebody else is deploying the function; run again afterwards"
SIGN_IN = "sign in again (`aws sso login`, `aws configure`)"
_ALONE = "scan it without --organization, or name the accounts with --accounts FILE"
#: Error codes, what they are to us, and what to say. The first that matches is taken.
_MEANINGS: tuple[tuple[frozenset[str], type[PowertuneError], str, str], ...] = (
    (_EXPIRED, IdentityError, "AWS does not accept the credentials: {message}", SIGN_IN),
    (_NO_CREDENTIALS, IdentityError, "no AWS credentials: {message}", "run `aws configure` or `aws sso login`"),
    (_MISCONFIGURED, UsageError, "AWS configuration: {message}", "check ~/.aws/config and the AWS_* variables"),
    (_DENIED, AccessDenied, "not allowed to call {action}: {message}", _POLICY),
    (_ABSENT, NotFound, "{action}: {message}", "check the name, the region and the account"),
    (_STORAGE, FunctionRefused, "{action}: the code storage of this account is full: {message}", _STORE),
    (_KEY, FunctionRefused, "the function cannot run, as its KMS key cannot be used: {message}", _DECRYPT),
    (_CANNOT_RUN, FunctionRefused, "the function cannot run: {message}", "fix its configuration, then tune it"),
    (_OURS, AlreadyExists, "{action}: {message}", "run again"),
    (frozenset({"AWSOrganizationsNotInUseException"}), UsageError, "the account is in no organization", _ALONE),
    (frozenset({"RegionDisabledException"}), UsageError, "{action}: {message}", "name an enabled region"),
    (frozenset({"PreconditionFailedException"}), Changed, "{action}: {message}", _DEPLOYING),
)
