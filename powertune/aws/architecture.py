"""Gives $LATEST another architecture: the very same package again, for which Lambda takes no other way."""

import base64
import hashlib
from typing import Any

from powertune.aws.copies.lifecycle import UPLOAD_LIMIT_BYTES, download_code
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed, FunctionBusy, FunctionRefused

#: How long to wait before each look at $LATEST: somebody else may change it, and a change may be seen late.
_LOOKS_S = (0.0, 1.0, 2.0, 4.0)


def refuse_fixed_architecture(seen: FunctionSnapshot) -> None:
    """Find out beforehand that the package cannot be sent again as it is.

    Raises:
        FunctionRefused: it is an image, which is built for one architecture; or it is too large, or in a bucket.
    """
    name, hint = seen.configuration["FunctionName"], "deploy it for the other architecture with your own tools"
    if seen.package_type != "Zip":
        raise FunctionRefused(f"{name} is a container image, which is built for one architecture", hint=hint)
    if "ResolvedS3Object" in seen.code:
        raise FunctionRefused(f"the code of {name} is kept in a bucket of your own, and stays there", hint=hint)
    size = int(seen.configuration.get("CodeSize", 0))
    if size > UPLOAD_LIMIT_BYTES:
        raise FunctionRefused(
            f"the code of {name} has {size:,} bytes, and {UPLOAD_LIMIT_BYTES:,} at most can be sent to Lambda",
            hint=hint,
        )


def set_architecture(function: LambdaFunction, architecture: str, before: FunctionSnapshot) -> FunctionSnapshot:
    """Change the architecture of $LATEST, if it still is what `before` says; wait for it, and read it back.

    Raises:
        Changed: somebody else has changed the function.
        FunctionRefused: its code cannot be had, or is not what Lambda says that it is.
    """
    if before.architecture == architecture:
        return before
    code = _package(function, before)
    update = function.aws.clients.control.update_function_code
    wanted: Any = {"FunctionName": function.ref.unqualified, "Architectures": [architecture], **code}
    try:
        function.when_free(update, **wanted, **before.guard)
    except Changed:
        # After a lost answer, it may be our own first attempt that has changed it.
        now = function.read()
        if not now.is_like(before):
            raise
        if now.architecture != architecture:
            function.when_free(update, **wanted, **now.guard)
    after = function.wait_until_seen(lambda now: now.architecture != before.architecture)
    if not after.is_like(before) or after.architecture != architecture:
        raise Changed(
            f"{function.ref.name} was changed by somebody else at the same time",
            hint="look at what was deployed, then measure again",
        )
    return after


def restore_architecture(function: LambdaFunction, architecture: str, code_sha256: str) -> tuple[str, ...]:
    """Give $LATEST its original architecture back, if it still has the same code.

    Returns what was left alone, as sentences.
    """
    for pause_s in _LOOKS_S:
        if pause_s:
            function.aws.sleep(pause_s)
        now = function.wait_until_settled()
        if now.architecture == architecture:
            if pause_s:
                return ()
            continue  # a change whose answer was lost may not be seen yet
        if now.code_sha256 != code_sha256:
            return (
                f"new code was deployed to $LATEST, which keeps {now.architecture}; before, it had {architecture}",
            )
        try:
            set_architecture(function, architecture, now)
        except Changed:
            continue
        return ()
    raise FunctionBusy(
        f"{function.ref.name} keeps being changed by somebody else", hint="wait until the deployment has ended"
    )


def _package(function: LambdaFunction, seen: FunctionSnapshot) -> dict[str, Any]:
    refuse_fixed_architecture(seen)
    package = download_code(function, seen)
    if base64.b64encode(hashlib.sha256(package).digest()).decode() != seen.code_sha256:
        raise FunctionRefused(
            f"the package of {function.ref.name} that AWS hands out is not the one that it names",
            hint="deploy it for the other architecture with your own tools",
        )
    key: dict[str, Any] = {"SourceKMSKeyArn": seen.code["SourceKMSKeyArn"]} if "SourceKMSKeyArn" in seen.code else {}
    return {"ZipFile": package, **key}
