"""The CloudFormation template: the alarms of every function, and one dashboard."""

from collections.abc import Iterator
from typing import Any

from powertune.errors import UsageError
from powertune.watch.alarms import AlarmDefinition, Properties, function_alarms, unreserved_alarm
from powertune.watch.dashboard import MOST_WIDGETS, WIDGETS_PER_FUNCTION, dashboard_body
from powertune.watch.model import Watch
from powertune.watch.resource_names import alarm_name, logical_id

#: The parameter that no other template has: a stack with it is one that this room has described.
TOPIC_PARAMETER = "WatchTopicArn"
DASHBOARD_OUTPUT = "Dashboard"
#: The widget of the unreserved concurrency is no function's. Alarms are fewer than the 500 resources of a template.
MOST_FUNCTIONS = (MOST_WIDGETS - 1) // WIDGETS_PER_FUNCTION
#: What CreateChangeSet takes with the request (CloudFormation quotas).
MOST_INLINE_BYTES = 51_200
_HAS_TOPIC = "HasTopic"
_TOPIC = {"Fn::If": [_HAS_TOPIC, [{"Ref": TOPIC_PARAMETER}], {"Ref": "AWS::NoValue"}]}


def watch_template(watch: Watch, *, topic_arn: str = "") -> dict[str, Any]:
    """The template as a document.

    Args:
        watch: what to watch.
        topic_arn: the default of the parameter that names the topic which alarms notify; empty for none.

    Raises:
        UsageError: a dashboard does not have room for all functions.
    """
    if len(watch.functions) > MOST_FUNCTIONS:
        raise UsageError(
            f"{len(watch.functions)} functions are too many for one dashboard, which has room for {MOST_FUNCTIONS}",
            hint="make several stacks, each with some of the functions, and a --stack-name of its own",
        )
    labels = ", ".join(each.function.label for each in watch.functions)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _shortened(f"Alarms and a dashboard made by powertune watch, for {labels}"),
        "Parameters": {
            TOPIC_PARAMETER: {
                "Type": "String",
                "Default": topic_arn,
                "Description": "ARN of the SNS topic that alarms notify, in the region of the stack; empty for none.",
            }
        },
        "Conditions": {_HAS_TOPIC: {"Fn::Not": [{"Fn::Equals": [{"Ref": TOPIC_PARAMETER}, ""]}]}},
        "Resources": dict(_resources(watch)),
        "Outputs": {
            DASHBOARD_OUTPUT: {
                "Description": "The name of the dashboard in CloudWatch.",
                "Value": {"Ref": "Dashboard"},
            }
        },
    }


def watch_alarms(watch: Watch) -> tuple[AlarmDefinition, ...]:
    """All alarms, without the names of functions."""
    shared = () if watch.unreserved is None else (unreserved_alarm(watch.unreserved),)
    return (*(alarm for each in watch.functions for alarm in function_alarms(each, watch.prices)), *shared)


def _resources(watch: Watch) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in watch.functions:
        for alarm in function_alarms(each, watch.prices):
            ending = f"-{alarm_name(each.function, alarm.word)}"
            yield logical_id(each.function, alarm.word.capitalize()), _alarm(ending, alarm.properties)
    if watch.unreserved is not None:
        alarm = unreserved_alarm(watch.unreserved)
        # No function's alarm has a dot after the name of the stack.
        yield "UnreservedConcurrency", _alarm(f".{alarm.word}", alarm.properties)
    # Dashboards are not of a region: stacks of one name in two regions would share one.
    name = {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}
    body = {"DashboardName": name, "DashboardBody": dashboard_body(watch)}
    yield "Dashboard", {"Type": "AWS::CloudWatch::Dashboard", "Properties": body}


def _alarm(ending: str, properties: Properties) -> dict[str, Any]:
    named = {"AlarmName": {"Fn::Sub": f"${{AWS::StackName}}{ending}"}, **properties, "AlarmActions": _TOPIC}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": named}


def _shortened(text: str, most: int = 1_000) -> str:
    """A description has at most 1,024 bytes (CloudFormation quotas)."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
