"""Temporary copies of a function: made with the same configuration, found again by name and tags, and deleted."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from powertune.aws.copies.copy_request import Wanted, copy_request
from powertune.aws.copies.download import download
from powertune.aws.copies.names import copy_names, maker, run_of
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import AccessDenied, AlreadyExists, CopyDenied, FunctionRefused, NotFound
from powertune.model import Advisory, FunctionRef

#: A larger ZIP cannot be sent with CreateFunction (Lambda quotas).
UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that a run has left. `changed_at` is when it was last changed, in seconds since the epoch."""

    name: str
    run_id: str
    changed_at: float


def make_copy(
    original: LambdaFunction, seen: FunctionSnapshot, wanted: Wanted
) -> tuple[LambdaFunction, FunctionSnapshot]:
    """Create a copy of $LATEST as it was seen just now, and wait until it is ready.

    Raises:
        CopyDenied: this identity may not make one; none was made.
        FunctionRefused: AWS does not show all that a copy needs, or could not make it ready.
        UsageError: CreateFunction refuses what the function has.
    """
    copy = copy_of(original, wanted.name)
    try:
        request = copy_request(seen, original.tags(seen.arn), _code(original, seen, wanted), wanted)
        original.aws.call(original.aws.clients.control.create_function, **request)
    except AccessDenied as denied:
        raise CopyDenied(denied.message, hint=denied.hint) from denied
    except AlreadyExists:
        # After a lost answer, it may be our own first attempt that has created it.
        if maker(copy.tags(copy.seen(copy.read).arn), original.ref, original.aws.region) != wanted.run_id:
            raise FunctionRefused(
                f"function {wanted.name} exists already, and was not made by this run", hint="run again"
            ) from None
    copy.seen(copy.read)
    made = copy.wait_until_settled()
    if made.failure is not None:
        raise FunctionRefused(
            f"the copy {wanted.name} could not be made ready: {made.failure}",
            hint="fix the function's configuration, then tune it",
        )
    return copy, made


def find_copy(original: LambdaFunction, name: str, run_id: str) -> tuple[LambdaFunction, FunctionSnapshot] | None:
    """The copy of that name, if the run has made it and it is ready; None if there is none."""
    copy = copy_of(original, name)
    try:
        made = copy.wait_until_settled()
        if made.failure is None and maker(copy.tags(made.arn), original.ref, original.aws.region) == run_id:
            return copy, made
    except NotFound:
        pass
    return None


def other_runtime_version(seen: FunctionSnapshot, made: FunctionSnapshot) -> tuple[Advisory, ...]:
    """Say so if a copy does not run on the runtime version that the function is kept on: CreateFunction takes none.

    Only where both have one architecture: the ARN of one and the same version differs between two.
    """
    was, now = _runtime_version(seen), _runtime_version(made)
    if _architectures(seen) != _architectures(made) or was is None or now is None or was == now:
        return ()
    names = [snapshot.configuration["FunctionName"] for snapshot in (made, seen)]
    return (
        Advisory(
            code="other-runtime-version",
            message=f"the copy {names[0]} is measured on runtime version {now}, but {names[1]} runs on {was}",
            next_step="measure the function itself with --in-place instead of --isolate, or let Lambda update its "
            "runtime first",
        ),
    )


def copy_of(original: LambdaFunction, name: str) -> LambdaFunction:
    """The function of that name beside the original."""
    return LambdaFunction(original.aws, replace(original.ref, name=name, qualifier=None))


def refuse_unsendable(seen: FunctionSnapshot) -> None:
    """Find out beforehand that the code is too large.

    Raises:
        FunctionRefused: it cannot be given to a copy.
    """
    size = int(seen.configuration.get("CodeSize", 0))
    if seen.package_type == "Zip" and size > UPLOAD_LIMIT_BYTES and "ResolvedS3Object" not in seen.code:
        raise FunctionRefused(
            f"the code of {seen.configuration['FunctionName']} has {size:,} bytes, and a copy can be made of "
            f"{UPLOAD_LIMIT_BYTES:,} at most",
            hint="keep the code in your own bucket (S3ObjectStorageMode REFERENCE), or make it a container image",
        )


def download_code(original: LambdaFunction, seen: FunctionSnapshot) -> bytes:
    """The function's ZIP.

    Raises:
        FunctionRefused: AWS does not hand it out.
        Unavailable: it cannot be downloaded now.
    """
    if "Location" not in seen.code:
        reason = (seen.code.get("Error") or {}).get("Message", "GetFunction names no location")
        raise FunctionRefused(
            f"the code of {original.ref.name} cannot be read: {reason}",
            hint="get permission to use the key or the bucket that the code is kept with",
        )
    return download(original.aws, str(seen.code["Location"]), f"the code of {original.ref.name}")


def find_copies(original: LambdaFunction) -> tuple[Copy, ...]:
    """Every copy of the function that a run has left, or is using at this moment."""
    control, aws = original.aws.clients.control, original.aws
    found: list[Copy] = []
    marker: str | None = None
    while True:
        more: dict[str, Any] = {"Marker": marker} if marker else {}
        page = aws.call(control.list_functions, **more)
        found.extend(copy for item in page["Functions"] if (copy := _copy(original, item)) is not None)
        marker = page.get("NextMarker")
        if not marker:
            return tuple(found)


def delete_copies(original: LambdaFunction, run_id: str, count: int, *, uncertain: bool = False) -> tuple[str, ...]:
    """Delete the copies that a run has made; fine if they are gone, or have never been.

    Returns what was left alone: sentences for a person.

    Args:
        uncertain: a copy may be under way whose creation was never answered: wait for it to appear.
    """
    notes = []
    for name in copy_names(original.ref.name, run_id, count):
        copy = copy_of(original, name)
        if uncertain:
            _appears(copy)
        if not delete_copy(copy, original.ref, run_id):
            notes.append(f"function {name} is kept: its tags do not say that run {run_id} made it of this function")
    return tuple(notes)


def copies_left(original: LambdaFunction, run_id: str, count: int) -> tuple[str, ...]:
    """The names of the copies that a run has made, and that are still there."""
    names = []
    for name in copy_names(original.ref.name, run_id, count):
        copy = copy_of(original, name)
        with suppress(NotFound):
            if maker(copy.tags(copy.read().arn), original.ref, original.aws.region) == run_id:
                names.append(name)
    return tuple(names)


def delete_copy(copy: LambdaFunction, source: FunctionRef, run_id: str) -> bool:
    """Delete a function whole, if it is the copy that a run made of `source`; fine if it is gone already.

    Returns whether it is gone. Its tags are checked right before it is deleted.
    """
    if run_of(copy.ref.name, source.name) != run_id:
        raise AssertionError(f"{copy.ref.name!r} is not the name of a copy that run {run_id} makes")
    try:
        # A function that is still being created cannot be deleted.
        tags = copy.tags(copy.wait_until_settled().arn)
        if maker(tags, source, copy.aws.region) != run_id:
            return False
        copy.delete_whole()
    except NotFound:
        return True
    return True


def _copy(original: LambdaFunction, item: Mapping[str, Any]) -> Copy | None:
    name = str(item["FunctionName"])
    run_id = run_of(name, original.ref.name)
    if run_id is None:
        return None
    try:
        tags = original.tags(str(item["FunctionArn"]))
    except NotFound:
        return None
    if maker(tags, original.ref, original.aws.region) != run_id:
        return None
    return Copy(name=name, run_id=run_id, changed_at=datetime.fromisoformat(item["LastModified"]).timestamp())


def _runtime_version(snapshot: FunctionSnapshot) -> str | None:
    """The ARN; images have none, nor has a function whose version cannot be found out."""
    arn = (snapshot.configuration.get("RuntimeVersionConfig") or {}).get("RuntimeVersionArn")
    return None if arn is None else str(arn)


def _architectures(snapshot: FunctionSnapshot) -> list[str]:
    return list(snapshot.configuration.get("Architectures") or ["x86_64"])


def _code(original: LambdaFunction, seen: FunctionSnapshot, wanted: Wanted) -> dict[str, Any]:
    """The code as CreateFunction takes it: the very same, but for an image of another architecture."""
    if seen.package_type == "Image":
        return {"ImageUri": wanted.image_uri or seen.code.get("ResolvedImageUri") or seen.code["ImageUri"]}
    key: dict[str, Any] = {"SourceKMSKeyArn": seen.code["SourceKMSKeyArn"]} if "SourceKMSKeyArn" in seen.code else {}
    if "ResolvedS3Object" in seen.code:
        return {**seen.code["ResolvedS3Object"], **key}
    refuse_unsendable(seen)
    return {"ZipFile": download_code(original, seen), **key}


def _appears(copy: LambdaFunction) -> None:
    try:
        copy.seen(copy.read)
    except NotFound:
        return
