"""AWS::StepFunctions::StateMachine."""

import json
from typing import Any

from powertune.local.cloudformation.faults import Failure, Refused
from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, decapitalized, picked
from powertune.local.cloudformation.reading import read_template
from powertune.local.cloudformation.references import PLACEHOLDER

_OPTIONS = ("LoggingConfiguration", "TracingConfiguration")


class StateMachine:
    """AWS::StepFunctions::StateMachine."""

    handles = frozenset(
        [
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
        ]
    ).union(_OPTIONS)

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateStateMachine."""
        name = properties.get("StateMachineName") or context.name(80)
        answer = context.client("stepfunctions").create_state_machine(
            name=name,
            definition=_definition(context, properties),
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
            tags=decapitalized(context.tag_list(properties, system=False)),
            **decapitalized(picked(properties, *_OPTIONS)),
        )
        return self._made(answer["stateMachineArn"], name, answer)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """UpdateStateMachine; executions that run keep what they started with."""
        client, arn = context.client("stepfunctions"), made.physical_id
        defaults = {"LoggingConfiguration": {"Level": "OFF"}, "TracingConfiguration": {"Enabled": False}}
        options = {key: new.get(key, defaults[key]) for key in _OPTIONS if new.get(key) != old.get(key)}
        answer = client.update_state_machine(
            stateMachineArn=arn,
            definition=_definition(context, new),
            roleArn=new["RoleArn"],
            **decapitalized(options),
        )
        tags = {tag["key"]: tag["value"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_resource(resourceArn=arn, tags=[{"key": key, "value": each} for key, each in added.items()])
        if removed:
            client.untag_resource(resourceArn=arn, tagKeys=removed)
        return self._made(arn, made.attributes["Name"], answer)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteStateMachine."""
        context.client("stepfunctions").delete_state_machine(stateMachineArn=made.physical_id)

    @staticmethod
    def _made(arn: str, name: str, answer: Any) -> Made:
        revision = answer.get("revisionId") or "INITIAL"
        return Made(physical_id=arn, attributes={"Arn": arn, "Name": name, "StateMachineRevisionId": revision})


def _definition(context: Context, properties: Properties) -> str:
    given = [key for key in ("Definition", "DefinitionS3Location", "DefinitionString") if key in properties]
    if len(given) != 1:
        raise Failure("Exactly one of Definition, DefinitionString and DefinitionS3Location has to be given")
    value = properties[given[0]]
    if given[0] == "Definition":
        text = json.dumps(value)
    elif given[0] == "DefinitionString":
        text = value
    else:
        where = {"Bucket": value["Bucket"], "Key": value["Key"]}
        if "Version" in value:
            where["VersionId"] = value["Version"]
        text = _as_json(context.client("s3").get_object(**where)["Body"].read().decode())
    return _substituted(text, properties.get("DefinitionSubstitutions") or {})


def _as_json(text: str) -> str:
    """A definition in S3 may be YAML."""
    if text.lstrip().startswith("{"):
        return text
    try:
        return json.dumps(read_template(text))
    except Refused as error:
        raise Failure(f"The definition in S3 is neither JSON nor YAML: {error.message}") from error


def _substituted(text: str, values: Properties) -> str:
    def value(match: Any) -> str:
        name = match["name"].strip()
        if match["literal"] or name not in values:
            return str(match[0])
        found = values[name]
        return str(found).lower() if isinstance(found, bool) else str(found)

    return PLACEHOLDER.sub(value, text)
