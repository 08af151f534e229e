"""AWS::Events::Rule, AWS::Scheduler::Schedule and ScheduleGroup."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, document, picked


class Rule:
    """AWS::Events::Rule."""

    handles = frozenset(
        [
            "Description",
            "EventBusName",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets",
        ]
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """PutRule, and its targets."""
        client = context.client("events")
        name = properties.get("Name") or context.name(64)
        arn = self._put(context, client, name, properties)
        bus = properties.get("EventBusName", "default")
        made = Made(
            physical_id=name if bus == "default" else f"{bus}|{name}", attributes={"Arn": arn, "RuleName": name}
        )
        context.started(made)
        self._target(client, name, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """PutRule, and its targets."""
        client, name = context.client("events"), made.attributes["RuleName"]
        arn = self._put(context, client, name, new)
        self._target(client, name, old, new)
        tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]}
        _, removed = changed_tags(tags, context.tags(new, system=False))
        if removed:
            client.untag_resource(ResourceARN=arn, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeleteRule, after its targets."""
        client, name = context.client("events"), made.attributes["RuleName"]
        try:
            self._target(client, name, properties, {**properties, "Targets": []})
            client.delete_rule(Name=name, **picked(properties, "EventBusName"))
        except client.exceptions.ResourceNotFoundException:
            return

    @staticmethod
    def _put(context: Context, client: Any, name: str, properties: Properties) -> str:
        wanted = picked(properties, "Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")
        if "EventPattern" in properties:
            wanted["EventPattern"] = document(properties["EventPattern"])
        tags = context.tag_list(properties, system=False)
        return str(client.put_rule(Name=name, **wanted, **({"Tags": tags} if tags else {}))["RuleArn"])

    @staticmethod
    def _target(client: Any, name: str, old: Properties, new: Properties) -> None:
        bus = picked(new, "EventBusName")
        targets = list(new.get("Targets") or ())
        gone = {each["Id"] for each in old.get("Targets") or ()} - {each["Id"] for each in targets}
        if gone:
            client.remove_targets(Rule=name, Ids=sorted(gone), **bus)
        if targets:
            answer = client.put_targets(Rule=name, Targets=targets, **bus)
            if answer.get("FailedEntryCount"):
                raise Failure(str(answer["FailedEntries"][0].get("ErrorMessage")))


class Schedule:
    """AWS::Scheduler::Schedule."""

    _DATES = ("EndDate", "StartDate")
    _PLAIN = ("Description", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression",
              "ScheduleExpressionTimezone", "State", "Target")  # fmt: skip
    handles = frozenset({"Name", *_PLAIN, *_DATES})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateSchedule."""
        name = properties.get("Name") or context.name(64)
        answer = context.client("scheduler").create_schedule(Name=name, **self._wanted(properties))
        return Made(physical_id=name, attributes={"Arn": answer["ScheduleArn"]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """UpdateSchedule, which replaces all of it; another group takes another schedule."""
        client, group = context.client("scheduler"), "GroupName"
        if old.get(group, "default") == new.get(group, "default"):
            client.update_schedule(Name=made.physical_id, **self._wanted(new))
            return made
        answer = client.create_schedule(Name=made.physical_id, **self._wanted(new))
        self.delete(context, made, old)
        return Made(physical_id=made.physical_id, attributes={"Arn": answer["ScheduleArn"]})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeleteSchedule."""
        client = context.client("scheduler")
        try:
            client.delete_schedule(Name=made.physical_id, **picked(properties, "GroupName"))
        except client.exceptions.ResourceNotFoundException:
            return

    def _wanted(self, properties: Properties) -> dict[str, Any]:
        wanted = picked(properties, *self._PLAIN)
        for key in self._DATES:
            if key in properties:
                try:
                    wanted[key] = datetime.fromisoformat(str(properties[key]))
                except ValueError as error:
                    raise Failure(f"Invalid {key}: {properties[key]}") from error
        return wanted


class ScheduleGroup:
    """AWS::Scheduler::ScheduleGroup."""

    handles = frozenset({"Name", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateScheduleGroup."""
        name = properties.get("Name") or context.name(64)
        client = context.client("scheduler")
        client.create_schedule_group(Name=name, Tags=context.tag_list(properties, system=False))
        group = client.get_schedule_group(Name=name)
        times = {key: group[key].isoformat() for key in ("CreationDate", "LastModificationDate") if key in group}
        return Made(physical_id=name, attributes={"Arn": group["Arn"], "State": group["State"], **times})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """The tags."""
        client, arn = context.client("scheduler"), made.attributes["Arn"]
        tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceArn=arn)["Tags"]}
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": each} for key, each in added.items()])
        if removed:
            client.untag_resource(ResourceArn=arn, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteScheduleGroup, with its schedules."""
        try:
            context.client("scheduler").delete_schedule_group(Name=made.physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
