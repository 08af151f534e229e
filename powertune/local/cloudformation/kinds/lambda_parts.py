"""What belongs to Lambda functions: versions, aliases, permissions, layers and the handling of events."""

from typing import Any

from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.kind import Context, Made, Properties, picked
from powertune.local.cloudformation.kinds.lambda_ import provisioned, settle


class LambdaVersion:
    """AWS::Lambda::Version. Nothing of it can be changed: another version is another resource."""

    handles = frozenset({"CodeSha256", "Description", "FunctionName", "ProvisionedConcurrencyConfig"})

    def create(self, context: Context, properties: Properties) -> Made:
        """PublishVersion, which has to make a new one."""
        client, name = context.client("lambda"), properties["FunctionName"]
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        existing = {version["Version"] for page in pages for version in page["Versions"]}
        wanted = picked(properties, "CodeSha256", "Description")
        config = client.publish_version(FunctionName=name, **wanted)
        number = config["Version"]
        if number in existing:
            raise Failure(
                f"A version for this Lambda function exists ( {number} ). "
                "Modify the function to create a new version."
            )
        arn = config["FunctionArn"]
        made = Made(physical_id=arn, attributes={"Version": number, "FunctionArn": arn})
        context.started(made)
        settle(client, arn)
        _provision(client, arn.rsplit(":", 1)[0], number, properties, {})
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """Nothing: every change takes a replacement."""
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteFunction, of the version."""
        client = context.client("lambda")
        name, number = made.physical_id.rsplit(":", 1)
        try:
            client.delete_function(FunctionName=name, Qualifier=number)
        except client.exceptions.ResourceNotFoundException:
            return


class LambdaAlias:
    """AWS::Lambda::Alias."""

    handles = frozenset(
        {"Description", "FunctionName", "FunctionVersion", "Name", "ProvisionedConcurrencyConfig", "RoutingConfig"}
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateAlias."""
        client = context.client("lambda")
        arn = client.create_alias(**self._wanted(properties))["AliasArn"]
        made = Made(physical_id=arn, attributes={"AliasArn": arn})
        context.started(made)
        _provision(client, properties["FunctionName"], properties["Name"], properties, {})
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """UpdateAlias; weights that the template no longer has are removed."""
        client = context.client("lambda")
        routing: dict[str, Any] = {"RoutingConfig": {"AdditionalVersionWeights": {}}}
        client.update_alias(**{"Description": "", **routing, **self._wanted(new)})
        _provision(client, new["FunctionName"], new["Name"], new, old)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteAlias."""
        client = context.client("lambda")
        try:
            client.delete_alias(FunctionName=properties["FunctionName"], Name=properties["Name"])
        except client.exceptions.ResourceNotFoundException:
            return

    @staticmethod
    def _wanted(properties: Properties) -> dict[str, Any]:
        wanted = picked(properties, "Description", "FunctionName", "FunctionVersion", "Name")
        if "RoutingConfig" in properties:
            weights = properties["RoutingConfig"].get("AdditionalVersionWeights") or []
            by_version = {each["FunctionVersion"]: each["FunctionWeight"] for each in weights}
            wanted["RoutingConfig"] = {"AdditionalVersionWeights": by_version}
        return wanted


def _provision(client: Any, name: str, qualifier: str, new: Properties, old: Properties) -> None:
    config, before = new.get("ProvisionedConcurrencyConfig"), old.get("ProvisionedConcurrencyConfig")
    if config == before:
        return
    if config is None:
        client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    else:
        number = config["ProvisionedConcurrentExecutions"]
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=number
        )
        provisioned(client, name, qualifier)


class LambdaPermission:
    """AWS::Lambda::Permission. Nothing of it can be changed."""

    _OPTIONS = ("EventSourceToken", "FunctionUrlAuthType", "InvokedViaFunctionUrl", "PrincipalOrgID", "SourceAccount",
                "SourceArn")  # fmt: skip
    handles = frozenset({"Action", "FunctionName", "Principal", *_OPTIONS})

    def create(self, context: Context, properties: Properties) -> Made:
        """AddPermission."""
        name = context.name(100)
        wanted = picked(properties, "Action", "FunctionName", "Principal", *self._OPTIONS)
        context.client("lambda").add_permission(StatementId=name, **wanted)
        return Made(physical_id=name, attributes={"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """Nothing: every change takes a replacement."""
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """RemovePermission."""
        client = context.client("lambda")
        try:
            client.remove_permission(FunctionName=properties["FunctionName"], StatementId=made.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return


class LambdaLayerVersion:
    """AWS::Lambda::LayerVersion. Nothing of it can be changed."""

    _OPTIONS = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
    handles = frozenset({"Content", "LayerName", *_OPTIONS})

    def create(self, context: Context, properties: Properties) -> Made:
        """PublishLayerVersion."""
        answer = context.client("lambda").publish_layer_version(
            LayerName=properties.get("LayerName") or context.logical_id,
            Content=dict(properties["Content"]),
            **picked(properties, *self._OPTIONS),
        )
        arn = answer["LayerVersionArn"]
        return Made(physical_id=arn, attributes={"LayerVersionArn": arn})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """Nothing: every change takes a replacement."""
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteLayerVersion."""
        layer, number = made.physical_id.rsplit(":", 1)
        context.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(number))


class LambdaEventInvokeConfig:
    """AWS::Lambda::EventInvokeConfig."""

    handles = frozenset(
        {"DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"}
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """PutFunctionEventInvokeConfig."""
        context.client("lambda").put_function_event_invoke_config(**properties)
        return Made(physical_id=f"{properties['FunctionName']}|{properties['Qualifier']}")

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutFunctionEventInvokeConfig, which replaces all of it."""
        context.client("lambda").put_function_event_invoke_config(**new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteFunctionEventInvokeConfig."""
        client = context.client("lambda")
        try:
            client.delete_function_event_invoke_config(**picked(properties, "FunctionName", "Qualifier"))
        except client.exceptions.ResourceNotFoundException:
            return
