"""Lambda's HTTP interface: moto's, corrected where a tuner would notice, and with invocations that run."""

import base64
import binascii
import json
from typing import Any

from moto.awslambda.responses import LambdaResponse

from powertune.local.lambda_api.errors import ControlError, not_found
from powertune.local.lambda_api.listings import Listings
from powertune.local.lambda_api.request import Answer, answer, json_answer
from powertune.local.lambda_api.rules import check_new_name
from powertune.local.lambda_api.storage import Preconditions

CODE_PATH = "/_powertune/code"
WAITED_HEADER = "x-powertune-waited-ms"
"""How long others kept a function from a processor, where that is notable: its duration says too much."""

MAX_REQUEST_BYTES = 6 * 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024


class EmbeddedResponse(Listings):
    """One request to Lambda. The methods are the API's operations."""

    def invoke(self) -> Answer:
        """Invoke."""
        name, qualifier = self.target()
        function = self.control.resolve(name, qualifier)
        self.control.check_invocable(function)
        kind = self.asked.get("InvocationType", "RequestResponse")
        payload = self._payload(MAX_EVENT_BYTES if kind == "Event" else MAX_REQUEST_BYTES)
        if kind == "DryRun":
            return answer(204, b"", {"X-Amz-Executed-Version": str(function.version)})
        context = self._client_context()
        if kind == "Event":
            self.control.runner.invoke_event(*self.control.prepare(function, qualifier, payload, context))
            return answer(202, b"", {})
        outcome = self.control.run(function, qualifier, payload, context)
        headers = {"X-Amz-Executed-Version": outcome.version, "x-amzn-RequestId": outcome.request_id}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if outcome.waited_ms and self.control.runner.settings.tell_disturbed:
            headers[WAITED_HEADER] = f"{outcome.waited_ms:.3f}"
        if self.asked.get("LogType") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
        return answer(200, outcome.payload, {**headers, "Content-Type": "application/json"})

    def invoke_async(self) -> Answer:
        """InvokeAsync, the deprecated form of an Event invocation."""
        function = self.control.resolve(*self.target())
        self.control.check_invocable(function)
        self.control.runner.invoke_event(*self.control.prepare(function, None, self._payload(MAX_EVENT_BYTES)))
        return answer(202, b"", {})

    def create_function(self) -> Answer:
        """CreateFunction."""
        name, qualifier = self.target()
        check_new_name(name, qualifier)
        configuration = self.control.create_function(self.json_body).get_configuration()
        arn = self.control.storage.latest_of(name).function_arn
        return json_answer(201, {**configuration, "FunctionArn": arn})

    def get_function(self) -> Answer:  # type: ignore[override]
        """GetFunction, with a location from which the code can really be downloaded."""
        name, qualifier = self.target()
        function = self.control.look(name, qualifier)
        document = function.get_code()
        document["Configuration"] = self._qualified(document["Configuration"], qualifier)
        if function.package_type == "Zip":
            document["Code"] = {"RepositoryType": "S3", "Location": self._location(function.code_digest)}
        latest = self.control.storage.latest_of(name)
        if latest.reserved_concurrency is not None:
            document["Concurrency"] = {"ReservedConcurrentExecutions": latest.reserved_concurrency}
        if latest.tags:
            document["Tags"] = latest.tags
        return json_answer(200, document)

    def get_function_configuration(self) -> Answer:  # type: ignore[override]
        """GetFunctionConfiguration."""
        name, qualifier = self.target()
        configuration = self.control.look(name, qualifier).get_configuration()
        return json_answer(200, self._qualified(configuration, qualifier))

    def update_function_configuration(self) -> Answer:
        """UpdateFunctionConfiguration."""
        return json_answer(200, self.control.change_configuration(self.unqualified(), self.json_body))

    def update_function_code(self) -> Answer:
        """UpdateFunctionCode."""
        return json_answer(200, self.control.change_code(self.unqualified(), self.json_body))

    def publish_version(self) -> Answer:
        """PublishVersion."""
        name, asked = self.unqualified(), self.asked
        expected = Preconditions(revision_id=asked.get("RevisionId"), code_sha256=asked.get("CodeSha256"))
        self.control.check_settled(name)
        version = self.control.publish_version(name, asked.get("Description", ""), expected)
        return json_answer(201, version.get_configuration())

    def delete_function(self) -> Answer:
        """DeleteFunction, of a function or of one version."""
        self.control.delete_function(*self.target())
        return answer(204, b"", {})

    def create_alias(self) -> Answer:
        """CreateAlias."""
        asked = self.json_body
        alias = self.control.storage.put_alias(
            asked["Name"],
            self.unqualified(),
            asked["FunctionVersion"],
            asked.get("Description", ""),
            asked.get("RoutingConfig"),
        )
        return json_answer(201, alias.to_json())

    def get_alias(self) -> Answer:
        """GetAlias."""
        return json_answer(200, self.control.get_alias(self.asked["Name"], self.name()).to_json())

    def update_alias(self) -> Answer:
        """UpdateAlias."""
        alias = self.control.change_alias(self.asked["Name"], self.unqualified(), self.json_body)
        return json_answer(200, alias.to_json())

    def delete_alias(self) -> Answer:
        """DeleteAlias; that there is none by this name is no error."""
        self.control.delete_alias(self.asked["Name"], self.unqualified())
        return answer(204, b"", {})

    def get_layer_version_by_arn(self) -> Answer:
        """GetLayerVersionByArn."""
        arn = self.asked["Arn"]
        layer = self.control.layers_versions_by_arn(arn)
        if layer is None:
            raise not_found(f"The resource you requested does not exist: {arn}")
        document = layer.get_layer_version()
        document["Content"]["Location"] = self._location(layer.code_digest)
        return json_answer(200, document)

    def get_function_concurrency(self) -> Answer:
        """GetFunctionConcurrency."""
        reserved = self.control.storage.latest_of(self.name()).reserved_concurrency
        return json_answer(200, {} if reserved is None else {"ReservedConcurrentExecutions": reserved})

    def put_function_concurrency(self) -> Answer:
        """PutFunctionConcurrency."""
        wanted = self.asked["ReservedConcurrentExecutions"]
        reserved = self.control.reserve_concurrency(self.unqualified(), wanted)
        return json_answer(200, {"ReservedConcurrentExecutions": reserved})

    def delete_function_concurrency(self) -> Answer:
        """DeleteFunctionConcurrency."""
        self.control.storage.latest_of(self.unqualified()).reserved_concurrency = None
        return answer(204, b"", {})

    def get_account_settings(self) -> Answer:
        """GetAccountSettings, which moto lacks."""
        limit = self.control.runner.settings.account_concurrency
        functions = list(self.control.list_functions())
        return json_answer(
            200,
            {
                "AccountLimit": {
                    "TotalCodeSize": 80_530_636_800,
                    "CodeSizeUnzipped": 262_144_000,
                    "CodeSizeZipped": 52_428_800,
                    "ConcurrentExecutions": limit,
                    "UnreservedConcurrentExecutions": limit - self.control.storage.reserved_by_others(None),
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
        header = self.asked.get("ClientContext")
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
