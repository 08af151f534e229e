"""Stacks, events and resources as the API shows them."""

from collections.abc import Mapping
from typing import Any

from powertune.local.cloudformation.parameters import text_of
from powertune.local.cloudformation.stack import Event, Resource, Stack
from powertune.local.cloudformation.template import Template

Shown = dict[str, Any]


def _given(**values: Any) -> Shown:
    return {key: value for key, value in values.items() if value is not None}


def stack_shown(stack: Stack) -> Shown:
    """As DescribeStacks shows it."""
    wanted = stack.wanted
    with stack.lock:
        return _given(
            StackId=stack.id,
            StackName=stack.name,
            ChangeSetId=stack.change_set_id,
            Description=wanted.template.description,
            Parameters=[parameter.described() for parameter in wanted.parameters.values()],
            CreationTime=stack.created_at,
            DeletionTime=stack.deleted_at,
            LastUpdatedTime=stack.updated_at,
            RollbackConfiguration={},
            StackStatus=stack.status,
            StackStatusReason=stack.reason,
            DisableRollback=stack.disable_rollback,
            NotificationARNs=list(wanted.notification_arns),
            TimeoutInMinutes=stack.timeout_minutes,
            Capabilities=list(wanted.capabilities),
            Outputs=[
                _given(
                    OutputKey=output.key,
                    OutputValue=output.value,
                    Description=output.description,
                    ExportName=output.export,
                )
                for output in stack.outputs
            ],
            RoleARN=wanted.role_arn,
            Tags=[{"Key": key, "Value": value} for key, value in wanted.tags.items()],
            EnableTerminationProtection=stack.protected,
            DriftInformation={"StackDriftStatus": "NOT_CHECKED"},
        )


def stack_summary(stack: Stack) -> Shown:
    """As ListStacks shows it."""
    return _given(
        StackId=stack.id,
        StackName=stack.name,
        TemplateDescription=stack.wanted.template.description,
        CreationTime=stack.created_at,
        LastUpdatedTime=stack.updated_at,
        DeletionTime=stack.deleted_at,
        StackStatus=stack.status,
        StackStatusReason=stack.reason,
        DriftInformation={"StackDriftStatus": "NOT_CHECKED"},
    )


def event_shown(stack: Stack, event: Event) -> Shown:
    """As DescribeStackEvents shows it."""
    return _given(
        StackId=stack.id,
        EventId=f"{event.logical_id}-{event.status}-{event.at:%Y-%m-%dT%H:%M:%S.%f}Z-{event.number}",
        StackName=stack.name,
        LogicalResourceId=event.logical_id,
        PhysicalResourceId=event.physical_id,
        ResourceType=event.kind,
        Timestamp=event.at,
        ResourceStatus=event.status,
        ResourceStatusReason=event.reason,
        ResourceProperties=event.properties,
        ClientRequestToken=event.token,
    )


def resource_shown(stack: Stack, resource: Resource, *, time: str, named: bool) -> Shown:
    """A resource; `time` is how this operation calls when it changed, `named` adds the stack."""
    shown = _given(
        LogicalResourceId=resource.logical_id,
        PhysicalResourceId=resource.physical_id or None,
        ResourceType=resource.kind,
        ResourceStatus=resource.status,
        ResourceStatusReason=resource.reason,
        DriftInformation={"StackResourceDriftStatus": "NOT_CHECKED"},
    )
    shown[time] = resource.changed_at
    return {**shown, "StackName": stack.name, "StackId": stack.id} if named else shown


def template_summary(template: Template) -> Shown:
    """As GetTemplateSummary shows it."""
    return _given(
        Parameters=[_declared(name, spec) for name, spec in template.section("Parameters").items()],
        ResourceTypes=template.types(),
        Version=template.document.get("AWSTemplateFormatVersion"),
        ResourceIdentifierSummaries=[],
        **template_facts(template),
    )


def template_facts(template: Template) -> Shown:
    """What GetTemplateSummary and ValidateTemplate have in common."""
    capabilities, reason = template.capabilities()
    return _given(
        Description=template.description,
        Capabilities=capabilities or None,
        CapabilitiesReason=reason or None,
        DeclaredTransforms=list(template.transforms),
    )


def template_parameters(template: Template) -> list[Shown]:
    """As ValidateTemplate shows them."""
    kept = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
    declared = [_declared(name, spec) for name, spec in template.section("Parameters").items()]
    return [{key: value for key, value in each.items() if key in kept} for each in declared]


def _declared(name: str, spec: Mapping[str, Any]) -> Shown:
    allowed = spec.get("AllowedValues")
    return _given(
        ParameterKey=name,
        DefaultValue=text_of(spec["Default"]) if "Default" in spec else None,
        ParameterType=spec.get("Type", "String"),
        NoEcho=str(spec.get("NoEcho", "")).lower() == "true",
        Description=spec.get("Description"),
        ParameterConstraints={"AllowedValues": list(map(text_of, allowed))} if allowed else {},
    )
