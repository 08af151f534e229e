"""AWS::Logs::LogGroup and MetricFilter."""

from typing import Any

from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, decapitalized, picked


class LogGroup:
    """AWS::Logs::LogGroup."""

    handles = frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateLogGroup, and its retention."""
        client = context.client("logs")
        name = properties.get("LogGroupName") or context.name(512)
        tags = context.tags(properties, system=False)
        options = decapitalized(picked(properties, "KmsKeyId", "LogGroupClass"))
        client.create_log_group(logGroupName=name, **options, **({"tags": tags} if tags else {}))
        made = Made(physical_id=name, attributes={"Arn": context.arn("logs", f"log-group:{name}:*")})
        context.started(made)
        self._retain(client, name, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Retention, key and tags."""
        client, name = context.client("logs"), made.physical_id
        if old.get("RetentionInDays") != new.get("RetentionInDays"):
            self._retain(client, name, new)
        if old.get("KmsKeyId") != new.get("KmsKeyId"):
            if "KmsKeyId" in new:
                client.associate_kms_key(logGroupName=name, kmsKeyId=new["KmsKeyId"])
            else:
                client.disassociate_kms_key(logGroupName=name)
        arn = context.arn("logs", f"log-group:{name}")
        tags = client.list_tags_for_resource(resourceArn=arn).get("tags", {})
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_resource(resourceArn=arn, tags=added)
        if removed:
            client.untag_resource(resourceArn=arn, tagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteLogGroup."""
        client = context.client("logs")
        try:
            client.delete_log_group(logGroupName=made.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    @staticmethod
    def _retain(client: Any, name: str, properties: Properties) -> None:
        if "RetentionInDays" in properties:
            client.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
        else:
            client.delete_retention_policy(logGroupName=name)


class MetricFilter:
    """AWS::Logs::MetricFilter."""

    handles = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})

    def create(self, context: Context, properties: Properties) -> Made:
        """PutMetricFilter."""
        name = properties.get("FilterName") or context.name(512)
        self._put(context, name, properties)
        return Made(physical_id=name)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutMetricFilter, which replaces it."""
        self._put(context, made.physical_id, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeleteMetricFilter."""
        client = context.client("logs")
        try:
            client.delete_metric_filter(logGroupName=properties["LogGroupName"], filterName=made.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    @staticmethod
    def _put(context: Context, name: str, properties: Properties) -> None:
        wanted = decapitalized(picked(properties, "FilterPattern", "LogGroupName", "MetricTransformations"))
        for each in wanted["metricTransformations"]:
            if "dimensions" in each:
                each["dimensions"] = {pair["key"]: pair["value"] for pair in each["dimensions"]}
        context.client("logs").put_metric_filter(filterName=name, **wanted)
