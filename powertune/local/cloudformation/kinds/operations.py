"""AWS::KMS::Key and Alias, AWS::CloudWatch::Alarm and Dashboard, AWS::SSM::Parameter."""

from typing import Any

from botocore.exceptions import ClientError

from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, document, picked


class Key:
    """AWS::KMS::Key."""

    _CREATE = ("BypassPolicyLockoutSafetyCheck", "Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
    handles = frozenset({"Enabled", "EnableKeyRotation", "KeyPolicy", "PendingWindowInDays", "Tags", *_CREATE})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateKey, its rotation and state."""
        client = context.client("kms")
        wanted: dict[str, Any] = picked(properties, *self._CREATE)
        if "KeyPolicy" in properties:
            wanted["Policy"] = document(properties["KeyPolicy"])
        tags = context.tags(properties, system=False)
        wanted["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        key = client.create_key(**wanted)["KeyMetadata"]
        made = Made(physical_id=key["KeyId"], attributes={"Arn": key["Arn"], "KeyId": key["KeyId"]})
        context.started(made)
        self._state(client, made.physical_id, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """What of the key differs."""
        client, key = context.client("kms"), made.physical_id
        if old.get("Description") != new.get("Description"):
            client.update_key_description(KeyId=key, Description=new.get("Description", ""))
        if old.get("KeyPolicy") != new.get("KeyPolicy") and "KeyPolicy" in new:
            client.put_key_policy(KeyId=key, PolicyName="default", Policy=document(new["KeyPolicy"]))
        self._state(client, key, old, new)
        tags = {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=key)["Tags"]}
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_resource(KeyId=key, Tags=[{"TagKey": k, "TagValue": each} for k, each in added.items()])
        if removed:
            client.untag_resource(KeyId=key, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """ScheduleKeyDeletion: keys go after a time in which they can be saved."""
        days = properties.get("PendingWindowInDays", 30)
        context.client("kms").schedule_key_deletion(KeyId=made.physical_id, PendingWindowInDays=days)

    @staticmethod
    def _state(client: Any, key: str, old: Properties, new: Properties) -> None:
        for name, default, on, off in (
            ("EnableKeyRotation", False, client.enable_key_rotation, client.disable_key_rotation),
            ("Enabled", True, client.enable_key, client.disable_key),
        ):
            wanted = new.get(name, default)
            if wanted != old.get(name, default):
                (on if wanted else off)(KeyId=key)


class KeyAlias:
    """AWS::KMS::Alias."""

    handles = frozenset({"AliasName", "TargetKeyId"})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateAlias."""
        context.client("kms").create_alias(**properties)
        return Made(physical_id=properties["AliasName"])

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """UpdateAlias."""
        context.client("kms").update_alias(**new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteAlias."""
        client = context.client("kms")
        try:
            client.delete_alias(AliasName=made.physical_id)
        except client.exceptions.NotFoundException:
            return


class Alarm:
    """AWS::CloudWatch::Alarm."""

    _OPTIONS = (
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluateLowSampleCountPercentile",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "InsufficientDataActions",
        "MetricName",
        "Metrics",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Threshold",
        "ThresholdMetricId",
        "TreatMissingData",
        "Unit",
    )
    handles = frozenset({"AlarmName", "Tags", *_OPTIONS})

    def create(self, context: Context, properties: Properties) -> Made:
        """PutMetricAlarm."""
        name = properties.get("AlarmName") or context.name(255)
        self._put(context, name, properties)
        return Made(physical_id=name, attributes={"Arn": context.arn("cloudwatch", f"alarm:{name}")})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutMetricAlarm, which replaces it."""
        self._put(context, made.physical_id, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteAlarms."""
        context.client("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])

    def _put(self, context: Context, name: str, properties: Properties) -> None:
        tags = context.tag_list(properties, system=False)
        wanted = picked(properties, *self._OPTIONS)
        context.client("cloudwatch").put_metric_alarm(AlarmName=name, **wanted, **({"Tags": tags} if tags else {}))


class Dashboard:
    """AWS::CloudWatch::Dashboard."""

    handles = frozenset({"DashboardBody", "DashboardName"})

    def create(self, context: Context, properties: Properties) -> Made:
        """PutDashboard."""
        name = properties.get("DashboardName") or context.name(255)
        self._put(context, name, properties)
        return Made(physical_id=name)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutDashboard, which replaces it."""
        self._put(context, made.physical_id, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteDashboards."""
        context.client("cloudwatch").delete_dashboards(DashboardNames=[made.physical_id])

    @staticmethod
    def _put(context: Context, name: str, properties: Properties) -> None:
        context.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=properties["DashboardBody"])


class SsmParameter:
    """AWS::SSM::Parameter."""

    _OPTIONS = ("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
    handles = frozenset({"Name", "Tags", *_OPTIONS})

    def create(self, context: Context, properties: Properties) -> Made:
        """PutParameter."""
        name = properties.get("Name") or context.name(256)
        tags = context.tag_list(properties, system=False)
        context.client("ssm").put_parameter(Name=name, Tags=tags, **picked(properties, *self._OPTIONS))
        attributes = {"Type": properties["Type"], "Value": properties["Value"]}
        attributes["Arn"] = context.arn("ssm", f"parameter/{name.lstrip('/')}")
        return Made(physical_id=name, attributes=attributes)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutParameter, over what there is."""
        name = made.physical_id
        context.client("ssm").put_parameter(Name=name, Overwrite=True, **picked(new, *self._OPTIONS))
        return Made(physical_id=name, attributes={**made.attributes, "Type": new["Type"], "Value": new["Value"]})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteParameter."""
        try:
            context.client("ssm").delete_parameter(Name=made.physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
