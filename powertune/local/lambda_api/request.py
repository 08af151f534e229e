"""One request to Lambda: which operation it is, what it asks for, and whether it is as the API's model wants it.

What is no operation of Lambda is answered UnknownOperationException (404).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, unquote

from botocore.model import ListShape, Shape
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import camelcase_to_underscores

from powertune.local.functions import Locator
from powertune.local.lambda_api import shapes
from powertune.local.lambda_api.backend import EmbeddedBackend
from powertune.local.lambda_api.errors import ControlError, invalid_value, not_found, translated, validation_message
from powertune.local.lambda_api.shapes import Operation

_STATEMENTS = frozenset({"AddPermission", "AddLayerVersionPermission"})
"""Operations of which moto makes a statement of all that the body holds."""

Answer = tuple[int, dict[str, Any], str | bytes]


class LambdaRequest(LambdaResponse):
    """A request that has been checked; `asked` is what it asks for, by the names of the API's members."""

    use_raw_body = True
    asked: dict[str, Any]

    @property
    def control(self) -> EmbeddedBackend:
        """The region and account that the request is for."""
        return cast(EmbeddedBackend, self.backend)

    @property
    def json_body(self) -> dict[str, Any]:
        """What the body asks for."""
        return {name: value for name, value in self.asked.items() if name in self._operation.in_body}

    def _get_action(self) -> str:
        """The operation, or what is none. GetLayerVersionByArn has the path of ListLayers."""
        action: str = super()._get_action() or f"{self.method} {self.path}"
        by_arn = action == "ListLayers" and "find=LayerVersion" in self.parsed_url.query
        return "GetLayerVersionByArn" if by_arn else action

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """The region that the request is signed for; moto would find one in a name that ends like a host of AWS's."""
        scope = str(request.headers.get("Authorization", "")).split(",")[0].split("/")
        return scope[2] if len(scope) == 5 else str(super().get_region_from_url(request, full_url))

    def call_action(self) -> Any:
        """Answer it; what is wrong with it is answered here, as are some errors that moto raises as plain ones."""
        try:
            self._check(self._get_action())
            status, headers, body = super().call_action()
        except ControlError as error:
            return self._refuse(error)
        except ValueError as error:
            return self._refuse(translated(error))
        if status == 404 and body == "{}":
            return self._refuse(not_found("The resource you requested does not exist."))
        if "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        return status, headers, body

    def _refuse(self, error: ControlError) -> Any:
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.error_type}
        headers, body = self._enrich_response(headers, error.description)
        return error.code, headers, body

    def target(self) -> tuple[str, str | None]:
        """The function's name and qualifier, from wherever the request has them."""
        locator = Locator.parse(self.asked["FunctionName"])
        given = self.asked.get("Qualifier")
        if locator.qualifier and given and locator.qualifier != given:
            raise invalid_value(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        return locator.name, given or locator.qualifier

    def name(self) -> str:
        """The function's name, of an operation that does not care about a qualifier."""
        return self.target()[0]

    def unqualified(self) -> str:
        """The function's name, of an operation that changes functions and not versions.

        Raises:
            ControlError: the name has a qualifier.
        """
        name, qualifier = self.target()
        if qualifier is not None:
            raise invalid_value(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
                "operation. Please specify either a function name or an unqualified function ARN."
            )
        return name

    def _check(self, action: str) -> None:
        if action not in shapes.operations() or not hasattr(self, camelcase_to_underscores(action)):
            raise ControlError(404, "UnknownOperationException", f"the embedded AWS does not have {action}")
        try:
            self.control  # noqa: B018 - whether there is such a region
        except KeyError as error:
            message = "Credential should be scoped to a valid region."
            raise ControlError(403, "InvalidSignatureException", message) from error
        operation = self._operation = shapes.operation(action)
        try:
            self.asked = dict(self._read(operation))
        except shapes.Unreadable as error:
            raise ControlError(400, "SerializationException", str(error)) from error
        if found := tuple(shapes.violations(operation.inputs, self.asked)):
            raise ControlError(400, self._kind(action, found), validation_message(found))
        self._check_places(action)
        if action in _STATEMENTS:
            self.body = json.dumps(self.json_body).encode()

    def _kind(self, action: str, found: Sequence[str]) -> str:
        """Lambda refuses the name of a new function, if it is no ARN, with another error."""
        name = str(self.asked.get("FunctionName", ":"))
        plain = action == "CreateFunction" and ":" not in name and all("at 'functionName'" in each for each in found)
        return "InvalidParameterValueException" if plain else "ValidationException"

    def _read(self, operation: Operation) -> Iterator[tuple[str, Any]]:
        places = operation.path.search(self.path)
        found = parse_qs(self.parsed_url.query, keep_blank_values=True, errors="replace")
        # Names of parameters are taken in any case, as clients write them.
        query = {name.lower(): values for name, values in found.items()}
        body = self._body(operation)
        for name, shape in operation.inputs.members.items():
            if name == operation.inputs.serialization.get("payload"):
                yield name, self.raw_body or b""
                continue
            where, wire = shape.serialization.get("location"), shape.serialization.get("name", name)
            if where is None:
                if body.get(name) is not None:
                    yield name, shapes.read(shape, body[name])
                continue
            texts = query.get(wire.lower(), [])
            if where == "uri":
                texts = [unquote(places[wire])] if places else []
            elif where == "header":
                texts = [self.headers[wire]] if wire in self.headers else []
            if texts:
                yield name, _parsed(shape, texts)

    def _body(self, operation: Operation) -> dict[str, Any]:
        if not operation.in_body or not self.raw_body:
            return {}
        try:
            body = json.loads(self.raw_body)
        except (ValueError, RecursionError) as error:
            message = f"Could not parse request body into json: {error}"
            raise ControlError(400, "InvalidRequestContentException", message) from error
        if not isinstance(body, dict):
            raise shapes.Unreadable("Start of structure or map found where not expected.")
        return body

    def _check_places(self, action: str) -> None:
        """Lambda knows functions of one region; and other accounts have to be let in, which nobody can here."""
        resource = str(self.asked.get("Resource", ""))
        if ":function:" not in resource and "FunctionName" not in self.asked:
            return
        named = self.asked.get("FunctionName", resource)
        locator = Locator.parse(named)
        if resource and locator.qualifier is not None:
            raise invalid_value(
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        if locator.region not in (None, self.region):
            raise not_found(f"Functions from '{locator.region}' are not reachable in this region ('{self.region}')")
        if locator.account not in (None, self.current_account):
            raise ControlError(
                403,
                "AccessDeniedException",
                f"User: arn:{self.partition}:iam::{self.current_account}:root is not authorized to perform: "
                f"lambda:{'InvokeFunction' if action == 'Invoke' else action} on resource: "
                f"{named} because no resource-based policy allows the action",
            )


def _parsed(shape: Shape, texts: list[str]) -> Any:
    if isinstance(shape, ListShape):
        return [shapes.read_text(shape.member, text) for text in texts]
    return shapes.read_text(shape, texts[0])


def answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    """An answer as moto wants it."""
    return status, {**headers, "status": status, "Content-Length": str(len(body))}, body


def json_answer(status: int, document: dict[str, Any]) -> Answer:
    """An answer that is a document."""
    return answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
