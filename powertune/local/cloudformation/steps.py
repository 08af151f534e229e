"""Creates, changes and deletes single resources of a stack, and writes its history."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from powertune.local.cloudformation.faults import Failure, Refused
from powertune.local.cloudformation.kind import Context, Kind, Made
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Resource, Stack

_INITIATED = "Resource creation Initiated"
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Steps:
    """What is done to the resources of one stack."""

    def __init__(self, stack: Stack, kinds: Mapping[str, Kind], services: Services) -> None:
        self._stack, self._kinds, self._services = stack, kinds, services

    def create(self, wanted: Resource, tags: Mapping[str, str], *, replacing: Resource | None = None) -> Resource:
        """Create a resource, or the one that takes the place of another.

        Raises:
            Failure: it could not be created. What exists of it nevertheless is in the stack.
        """
        verb = "UPDATE" if replacing else "CREATE"
        shown = _shown(wanted)
        current = self._stack.put(
            replace(wanted, physical_id=replacing.physical_id if replacing else ""),
            f"{verb}_IN_PROGRESS",
            _REPLACING if replacing else None,
            shown,
        )

        def started(made: Made) -> None:
            nonlocal current
            if not current.physical_id or (replacing and current.physical_id == replacing.physical_id):
                current = self._stack.put(_with(wanted, made), f"{verb}_IN_PROGRESS", _INITIATED, shown)

        with self._failing(wanted, f"{verb}_FAILED", lambda: current):
            context = self._context(wanted, tags, started)
            made = self._kind(wanted).create(context, wanted.properties)
            started(made)
        return self._stack.put(_with(wanted, made), f"{verb}_COMPLETE", None, shown)

    def update(self, old: Resource, wanted: Resource, tags: Mapping[str, str]) -> Resource:
        """Change a resource in place.

        Raises:
            Failure: it could not be changed.
        """
        current = replace(wanted, physical_id=old.physical_id, ref=old.ref, attributes=old.attributes)
        self._stack.put(current, "UPDATE_IN_PROGRESS", None, _shown(wanted))
        with self._failing(wanted, "UPDATE_FAILED", lambda: replace(old, status=current.status)):
            made = Made(physical_id=old.physical_id, attributes=old.attributes, ref=old.ref)
            context = self._context(wanted, tags, lambda _: None)
            made = self._kind(wanted).update(context, made, old.properties, wanted.properties)
        return self._stack.put(_with(wanted, made), "UPDATE_COMPLETE", None, _shown(wanted))

    def delete(self, resource: Resource, *, held: bool = True) -> str | None:
        """Delete a resource; returns why that failed, or None. `held`: the stack has it under its logical id."""
        note = self._stack.put if held else self._stack.note
        note(resource, "DELETE_IN_PROGRESS")
        try:
            if resource.physical_id:
                made = Made(physical_id=resource.physical_id, attributes=resource.attributes, ref=resource.ref)
                context = self._context(resource, {}, lambda _: None)
                self._kind(resource).delete(context, made, resource.properties)
        except (ClientError, BotoCoreError, Failure) as error:
            reason = reason_of(error, resource.kind)
            note(resource, "DELETE_FAILED", reason)
            return reason
        note(resource, "DELETE_COMPLETE")
        return None

    def skip(self, resource: Resource, *, held: bool = True) -> None:
        """Leave a resource that its policy retains."""
        (self._stack.put if held else self._stack.note)(resource, "DELETE_SKIPPED")

    @contextmanager
    def _failing(self, wanted: Resource, status: str, current: Any) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError, Failure, Refused) as error:
            reason = reason_of(error, wanted.kind)
            self._stack.put(current(), status, reason, _shown(wanted))
            raise Failure(reason) from error

    def _kind(self, resource: Resource) -> Kind:
        kind = self._kinds.get(resource.kind)
        if kind is None:
            raise Failure(f"The embedded AWS does not support resources of the type {resource.kind}")
        if ignored := sorted(set(resource.properties) - kind.handles):
            raise Failure(f"The embedded AWS does not support the property {ignored[0]} of {resource.kind}")
        return kind

    def _context(self, resource: Resource, tags: Mapping[str, str], started: Any) -> Context:
        stack = self._stack
        return Context(
            logical_id=resource.logical_id,
            stack_name=stack.name,
            stack_id=stack.id,
            stack_tags=tags,
            place=stack.place,
            services=self._services,
            started=started,
        )


def _with(resource: Resource, made: Made) -> Resource:
    return replace(resource, physical_id=made.physical_id, ref=made.ref, attributes=dict(made.attributes))


def _shown(resource: Resource) -> str:
    return json.dumps(resource.properties, default=str)


def reason_of(error: Exception, kind: str) -> str:
    """Why an operation on a resource failed, in CloudFormation's words."""
    if isinstance(error, Refused):
        return error.message
    if not isinstance(error, ClientError):
        return str(error)
    fault, answer = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    said = (
        f"{fault.get('Message', '')} (Service: {kind.split('::')[1]}, Status Code: {status}, "
        f"Request ID: {answer.get('RequestId', '')})"
    )
    code = _handler_code(str(fault.get("Code", "")), status)
    return f'Resource handler returned message: "{said}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'


def _handler_code(code: str, status: int) -> str:
    if "NotFound" in code or "NoSuch" in code or status == 404:
        return "NotFound"
    if "Exist" in code or "AlreadyOwned" in code:
        return "AlreadyExists"
    if "AccessDenied" in code:
        return "AccessDenied"
    if status == 409:
        return "ResourceConflict"
    return "InvalidRequest" if 400 <= status < 500 else "GeneralServiceException"
