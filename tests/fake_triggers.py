"""What invokes a function, who may, and how much is kept ready for them."""

import json
import uuid
from typing import Any

from fake_account import FakeAccount
from fake_service import client_error


class FakeTriggers(FakeAccount):
    """Event source mappings, URLs, policies and provisioned concurrency."""

    def list_event_source_mappings(self, **kwargs: Any) -> dict[str, Any]:
        """Of a bare name: those of all its qualifiers, which asks more of the reader than if AWS listed fewer."""
        self._enter("list_event_source_mappings", kwargs)
        arn = self._function(kwargs).configuration["FunctionArn"] if "FunctionName" in kwargs else ""
        found = [
            mapping for mapping in self.mappings if not arn or f"{mapping['FunctionArn']}:".startswith(f"{arn}:")
        ]
        return self._page("EventSourceMappings", found, kwargs)

    def get_function_url_config(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_function_url_config", kwargs)
        configuration = self._function(kwargs).configuration
        kind = self.urls.get((configuration["FunctionName"], kwargs.get("Qualifier")))
        if kind is None:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return {"FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/", "AuthType": kind}

    def get_policy(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_policy", kwargs)
        configuration = self._function(kwargs).configuration
        statements = self.policies.get((configuration["FunctionName"], kwargs.get("Qualifier")))
        if not statements:
            raise client_error("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return {"Policy": json.dumps(policy), "RevisionId": str(uuid.uuid4())}

    def get_provisioned_concurrency_config(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_provisioned_concurrency_config", kwargs)
        kept = self.provisioned.get(kwargs["Qualifier"])
        if kept is None:
            code = "ProvisionedConcurrencyConfigNotFoundException"
            raise client_error(code, "No Provisioned Concurrency Config found for this function", 404)
        return {"RequestedProvisionedConcurrentExecutions": kept, "Status": "READY"}

    def list_provisioned_concurrency_configs(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_provisioned_concurrency_configs", kwargs)
        arn = self._function(kwargs).configuration["FunctionArn"]
        found = [each for each in self.kept_ready if each["FunctionArn"].startswith(f"{arn}:")]
        return self._page("ProvisionedConcurrencyConfigs", found, kwargs)

    def get_function_concurrency(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_function_concurrency", kwargs)
        name = self._function(kwargs).configuration["FunctionName"]
        return {"ReservedConcurrentExecutions": self.reserved[name]} if name in self.reserved else {}
