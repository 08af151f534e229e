"""Gives $LATEST a size and publishes it, while it is what was measured; read back before anybody relies on it."""

from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed

_HINT = "look at what was deployed, then measure again"


def set_latest(function: LambdaFunction, memory_mb: int, before: FunctionSnapshot) -> FunctionSnapshot:
    """Change the memory size of $LATEST, wait until that has taken effect, and read it back.

    Raises:
        Changed: somebody else has changed the function.
        MemorySizeRefused: the account may not use so much memory.
        FunctionBusy: the update did not end, or failed.
    """
    if before.memory_mb == memory_mb:
        return before
    function.set_memory(memory_mb, before)
    after = function.wait_until_seen(lambda now: now.memory_mb != before.memory_mb)
    if (after.fingerprint, after.memory_mb) != (before.fingerprint, memory_mb):
        raise Changed(f"{function.ref.name} was changed by somebody else at the same time", hint=_HINT)
    return after


def publish_latest(function: LambdaFunction, description: str, latest: FunctionSnapshot) -> str:
    """Publish $LATEST, wait until the version can be invoked, and see that it is the same; returns its number.

    Raises:
        Changed: somebody else has changed the function.
        SizeRefused: Lambda could not make the version ready.
    """
    number = function.publish(description, latest).number
    function.wait_until_active(number)
    version = function.read(number)
    if (version.fingerprint, version.memory_mb) != (latest.fingerprint, latest.memory_mb):
        raise Changed(
            f"version {number} of {function.ref.name} is not what $LATEST was: somebody else is deploying",
            hint=_HINT,
        )
    return number
