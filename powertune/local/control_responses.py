"""Lambda's HTTP interface: moto's, corrected where a tuner would notice, and with invocations that run."""

import base64
import binascii
import json
import re
from typing import Any, cast
from urllib.parse import parse_qs, unquote

from moto.awslambda.responses import LambdaResponse

from powertune.local.control_backend import EmbeddedBackend
from powertune.local.control_errors import ControlError, invalid_value, not_found
from powertune.local.control_storage import Preconditions
from powertune.local.functions import split_name

CODE_PATH = "/_powertune/code"
MAX_REQUEST_BYTES = 6 * 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024

_FUNCTION = re.compile(r"/functions/(?P<name>[^/]+)")
_ALIAS = re.compile(r"/aliases/(?P<alias>[^/]+)")

Answer = tuple[int, dict[str, Any], str | bytes]


class EmbeddedResponse(LambdaResponse):
    """One request to Lambda. The methods are the API's operations."""

    use_raw_body = True

    @property
    def control(self) -> EmbeddedBackend:
        """The region and account that the request is for."""
        return cast(EmbeddedBackend, self.backend)

    def invoke(self) -> Answer:
        """Invoke."""
        name, qualifier = self._target()
        function = self.control.resolve(name, qualifier)
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        payload = self._payload(MAX_EVENT_BYTES if kind == "Event" else MAX_REQUEST_BYTES)
        if kind == "DryRun":
            return _answer(204, b"", {"X-Amz-Executed-Version": str(function.version)})
        context = self._client_context()
        if kind == "Event":
            self.control.runner.invoke_event(*self.control.prepare(function, qualifier, payload, context))
            return _answer(202, b"", {})
        outcome = self.control.run(function, qualifier, payload, context)
        headers = {"X-Amz-Executed-Version": outcome.version, "x-amzn-RequestId": outcome.request_id}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
        return _answer(200, outcome.payload, {**headers, "Content-Type": "application/json"})

    def invoke_async(self) -> Answer:
        """InvokeAsync, the deprecated form of an Event invocation."""
        function = self.control.resolve(*self._target())
        self.control.runner.invoke_event(*self.control.prepare(function, None, self._payload(MAX_EVENT_BYTES)))
        return _answer(202, b"", {})

    def create_function(self) -> Answer:
        """CreateFunction."""
        function = self.control.create_function(self.json_body)
        return _json(201, function.get_configuration(on_create=True))

    def get_function(self) -> Answer:  # type: ignore[override]
        """GetFunction, with a location from which the code can really be downloaded."""
        name, qualifier = self._target()
        function = self.control.storage.get_function_by_name_with_qualifier(name, qualifier)
        answer = function.get_code()
        answer["Configuration"] = self._qualified(answer["Configuration"], qualifier)
        if function.package_type == "Zip":
            answer["Code"] = {"RepositoryType": "S3", "Location": self._location(function.code_digest)}
        latest = self.control.storage.latest_of(name)
        if latest.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": latest.reserved_concurrency}
        if latest.tags:
            answer["Tags"] = latest.tags
        return _json(200, answer)

    def get_function_configuration(self) -> Answer:  # type: ignore[override]
        """GetFunctionConfiguration."""
        name, qualifier = self._target()
        function = self.control.storage.get_function_by_name_with_qualifier(name, qualifier)
        return _json(200, self._qualified(function.get_configuration(), qualifier))

    def update_function_configuration(self) -> Answer:
        """UpdateFunctionConfiguration."""
        return _json(200, self.control.change_configuration(self._unqualified(), self.json_body))

    def update_function_code(self) -> Answer:
        """UpdateFunctionCode."""
        return _json(200, self.control.change_code(self._unqualified(), self.json_body))

    def publish_version(self) -> Answer:
        """PublishVersion."""
        asked = self.json_body if self.body else {}
        expected = Preconditions(revision_id=asked.get("RevisionId"), code_sha256=asked.get("CodeSha256"))
        version = self.control.publish_version(self._unqualified(), asked.get("Description", ""), expected)
        return _json(201, version.get_configuration())

    def delete_function(self) -> Answer:
        """DeleteFunction, of a function or of one version."""
        self.control.delete_function(*self._target())
        return _answer(204, b"", {})

    def list_versions_by_function(self) -> Answer:  # type: ignore[override]
        """ListVersionsByFunction."""
        name = self._unqualified()
        self.control.storage.latest_of(name)
        versions = self.control.list_versions_by_function(name)
        return _json(200, {"Versions": [version.get_configuration() for version in versions]})

    def create_alias(self) -> Answer:
        """CreateAlias."""
        asked = self.json_body
        alias = self.control.storage.put_alias(
            asked["Name"],
            self._unqualified(),
            asked["FunctionVersion"],
            asked.get("Description", ""),
            asked.get("RoutingConfig"),
        )
        return _json(201, alias.to_json())

    def get_alias(self) -> Answer:
        """GetAlias."""
        return _json(200, self.control.get_alias(self._alias(), self._unqualified()).to_json())

    def update_alias(self) -> Answer:
        """UpdateAlias."""
        alias = self.control.storage.change_alias(self._alias(), self._unqualified(), self.json_body)
        return _json(200, alias.to_json())

    def delete_alias(self) -> Answer:
        """DeleteAlias; that there is none by this name is no error."""
        self.control.delete_alias(self._alias(), self._unqualified())
        return _answer(204, b"", {})

    def list_aliases(self) -> Answer:
        """ListAliases, of all versions or of one."""
        name, version = self._unqualified(), self._query("FunctionVersion")
        self.control.storage.latest_of(name)
        aliases = [alias.to_json() for alias in self.control.list_aliases(name)]
        return _json(200, {"Aliases": [a for a in aliases if version in (None, a["FunctionVersion"])]})

    def list_layers(self) -> Any:
        """ListLayers, or GetLayerVersionByArn, which is the same path with other parameters."""
        arn = self._query("Arn")
        if arn is None:
            return super().list_layers()
        layer = self.control.layers_versions_by_arn(arn)
        if layer is None:
            raise not_found(f"The resource you requested does not exist: {arn}")
        document = layer.get_layer_version()
        document["Content"]["Location"] = self._location(layer.code_digest)
        return _json(200, document)

    get_layer_version_by_arn = list_layers

    def get_function_concurrency(self) -> Answer:
        """GetFunctionConcurrency."""
        reserved = self.control.storage.latest_of(self._unqualified()).reserved_concurrency
        return _json(200, {} if reserved is None else {"ReservedConcurrentExecutions": reserved})

    def put_function_concurrency(self) -> Answer:
        """PutFunctionConcurrency."""
        wanted = self.json_body["ReservedConcurrentExecutions"]
        reserved = self.control.reserve_concurrency(self._unqualified(), wanted)
        return _json(200, {"ReservedConcurrentExecutions": reserved})

    def delete_function_concurrency(self) -> Answer:
        """DeleteFunctionConcurrency."""
        self.control.storage.latest_of(self._unqualified()).reserved_concurrency = None
        return _answer(204, b"", {})

    def get_account_settings(self) -> Answer:
        """GetAccountSettings, which moto lacks."""
        limit = self.control.runner.settings.account_concurrency
        functions = list(self.control.list_functions())
        return _json(
            200,
            {
                "AccountLimit": {
                    "TotalCodeSize": 80_530_636_800,
                    "CodeSizeUnzipped": 262_144_000,
                    "CodeSizeZipped": 52_428_800,
                    "ConcurrentExecutions": limit,
                    "UnreservedConcurrentExecutions": limit - self.control.reserved_by_others(None),
                },
                "AccountUsage": {
                    "TotalCodeSize": sum(function.code_size for function in functions),
                    "FunctionCount": len(functions),
                },
            },
        )

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """As moto, but the request id of an invocation is the one in its log."""
        own = headers.pop("x-amzn-RequestId", None)
        headers, body = LambdaResponse._enrich_response(headers, body)
        if own is not None:
            headers["x-amzn-requestid"] = own
        return headers, body

    def _location(self, digest: str) -> str:
        """Where a package can be downloaded, at the address by which the server was asked; signed, as on AWS."""
        url = f"http://{self.headers['Host']}{CODE_PATH}/{self.current_account}/{self.region}/{digest}"
        return self.control.runner.keys.presign(url, self.region)

    def _target(self) -> tuple[str, str | None]:
        """The function's name and qualifier, from wherever the request has them."""
        match = _FUNCTION.search(self.path)
        if match is None:
            raise not_found("The resource you requested does not exist.")
        name, derived = split_name(unquote(match["name"]))
        given = self._query("Qualifier")
        if derived and given and derived != given:
            raise invalid_value(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        return name, given or derived

    def _unqualified(self) -> str:
        return self._target()[0]

    def _alias(self) -> str:
        match = _ALIAS.search(self.path)
        return unquote(match["alias"]) if match else ""

    def _query(self, name: str) -> str | None:
        """A query parameter; clients write `Qualifier`, moto reads `qualifier`."""
        for key, values in parse_qs(self.parsed_url.query).items():
            if key.lower() == name.lower():
                return values[0]
        return None

    def _payload(self, limit: int) -> bytes:
        payload: bytes = self.raw_body or b""
        if len(payload) > limit:
            raise ControlError(
                413,
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            )
        try:
            json.loads(payload or b"{}")
        except ValueError as error:
            raise ControlError(
                400,
                "InvalidRequestContentException",
                f"Could not parse request body into json: Could not parse payload into json: {error}",
            ) from error
        return payload

    def _client_context(self) -> str | None:
        header = self.headers.get("X-Amz-Client-Context")
        if not header:
            return None
        try:
            return base64.b64decode(header, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ControlError(400, "InvalidRequestContentException", "Client context must be Base64.") from error

    @staticmethod
    def _qualified(configuration: dict[str, Any], qualifier: str | None) -> dict[str, Any]:
        """The ARN as it was asked for: an alias keeps the alias's."""
        if qualifier is None:
            return configuration
        arn = ":".join(configuration["FunctionArn"].split(":")[:7])
        return {**configuration, "FunctionArn": f"{arn}:{qualifier}"}


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    return status, {**headers, "status": status, "Content-Length": str(len(body))}, body


def _json(status: int, document: dict[str, Any]) -> Answer:
    return _answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
