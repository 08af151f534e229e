"""CloudFormation's HTTP interface. The methods are the API's operations."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from powertune.local.cloudformation import views
from powertune.local.cloudformation.faults import invalid
from powertune.local.cloudformation.life import Life
from powertune.local.cloudformation.stack import Place, Resource, Stack
from powertune.local.cloudformation.template import Template
from powertune.local.cloudformation.views import Shown

_PAGE = 100

Item = TypeVar("Item")


class StackResponse(BaseResponse):
    """One request. `life` is set by the server on a subclass."""

    life: ClassVar[Life]

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        """Carry it out; an operation that is missing is refused by name."""
        try:
            return super().call_action()
        except NotImplementedError:
            error = invalid(f"The embedded AWS does not support {self._get_action()} of CloudFormation")
            status, headers, body = self.serialized(ActionResult(error))
            return status, {**headers, "status": str(status)}, body

    @property
    def _place(self) -> Place:
        return Place(account=self.current_account, region=self.region, partition=self.partition)

    def _request(self, *needed: str) -> dict[str, Any]:
        """The parameters, of which some have to be given."""
        for name in needed:
            self._needed(name)
        return dict(self._get_params())

    def _stack(self) -> Stack:
        return self.life.stacks.find(self._place, self._needed("StackName"))

    def _needed(self, name: str) -> str:
        value = self._get_param(name)
        if not value:
            field = f"{name[:1].lower()}{name[1:]}"
            raise invalid(
                f"1 validation error detected: Value null at '{field}' failed to satisfy constraint: "
                "Member must not be null"
            )
        return str(value)

    def create_stack(self) -> ActionResult:
        """CreateStack."""
        return ActionResult({"StackId": self.life.create(self._place, self._request("StackName")).id})

    def update_stack(self) -> ActionResult:
        """UpdateStack."""
        return ActionResult({"StackId": self.life.update(self._place, self._request("StackName")).id})

    def delete_stack(self) -> ActionResult:
        """DeleteStack."""
        self.life.delete(self._place, self._request("StackName"))
        return EmptyResult()

    def cancel_update_stack(self) -> ActionResult:
        """CancelUpdateStack."""
        self.life.cancel(self._place, self._needed("StackName"))
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        """UpdateTerminationProtection."""
        stack = self._stack()
        stack.protected = bool(self._get_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def create_change_set(self) -> ActionResult:
        """CreateChangeSet."""
        change_set = self.life.reviews.create(self._place, self._request("StackName", "ChangeSetName"))
        return ActionResult({"Id": change_set.id, "StackId": change_set.stack.id})

    def describe_change_set(self) -> ActionResult:
        """DescribeChangeSet, in pages of changes."""
        change_set = self.life.reviews.find(self._place, self._request("ChangeSetName"))
        changes, more = self._page(change_set.changes)
        values = bool(self._get_param("IncludePropertyValues"))
        return ActionResult({**change_set.description_of(list(changes), values=values), **more})

    def list_change_sets(self) -> ActionResult:
        """ListChangeSets."""
        found, more = self._page(list(self._stack().change_sets.values()))
        return ActionResult({"Summaries": [each.summary() for each in found], **more})

    def delete_change_set(self) -> ActionResult:
        """DeleteChangeSet."""
        self.life.reviews.delete(self._place, self._request("ChangeSetName"))
        return EmptyResult()

    def execute_change_set(self) -> ActionResult:
        """ExecuteChangeSet."""
        self.life.reviews.execute(self._place, self._request("ChangeSetName"))
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        """DescribeStacks, of one or of all that are not deleted."""
        if self._get_param("StackName"):
            return ActionResult({"Stacks": [views.stack_shown(self._stack())]})
        found, more = self._page([each for each in self.life.stacks.all(self._place) if not each.gone])
        return ActionResult({"Stacks": [views.stack_shown(stack) for stack in found], **more})

    def list_stacks(self) -> ActionResult:
        """ListStacks, also those that were deleted."""
        wanted = self._get_param("StackStatusFilter") or ()
        found = [each for each in self.life.stacks.all(self._place) if not wanted or each.status in wanted]
        page, more = self._page(found)
        return ActionResult({"StackSummaries": [views.stack_summary(stack) for stack in page], **more})

    def describe_stack_events(self) -> ActionResult:
        """DescribeStackEvents, the newest first."""
        stack = self._stack()
        page, more = self._page(list(reversed(stack.events)))
        return ActionResult({"StackEvents": [views.event_shown(stack, event) for event in page], **more})

    def describe_stack_resource(self) -> ActionResult:
        """DescribeStackResource."""
        stack, name = self._stack(), self._needed("LogicalResourceId")
        resource = self._resource(stack, name)
        shown = views.resource_shown(stack, resource, time="LastUpdatedTimestamp", named=True)
        metadata = {} if resource.metadata is None else {"Metadata": resource.metadata}
        return ActionResult({"StackResourceDetail": {**shown, **metadata}})

    def describe_stack_resources(self) -> ActionResult:
        """DescribeStackResources, of a stack, or of the one that a physical resource belongs to."""
        physical = self._get_param("PhysicalResourceId")
        stack = self._owner(physical) if physical and not self._get_param("StackName") else self._stack()
        name = self._get_param("LogicalResourceId")
        found = [self._resource(stack, name)] if name else list(stack.resources.values())
        shown = [views.resource_shown(stack, each, time="Timestamp", named=True) for each in found]
        return ActionResult({"StackResources": shown})

    def list_stack_resources(self) -> ActionResult:
        """ListStackResources."""
        stack = self._stack()
        page, more = self._page(list(stack.resources.values()))
        shown = [views.resource_shown(stack, each, time="LastUpdatedTimestamp", named=False) for each in page]
        return ActionResult({"StackResourceSummaries": shown, **more})

    def list_exports(self) -> ActionResult:
        """ListExports."""
        found, more = self._page(self.life.stacks.exported(self._place))
        exports = [
            {"ExportingStackId": stack.id, "Name": output.export, "Value": output.value} for stack, output in found
        ]
        return ActionResult({"Exports": exports, **more})

    def list_imports(self) -> ActionResult:
        """ListImports."""
        name = self._needed("ExportName")
        found = self.life.stacks.importers(self._place, name)
        if not found:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        page, more = self._page([stack.name for stack in found])
        return ActionResult({"Imports": list(page), **more})

    def get_template(self) -> ActionResult:
        """GetTemplate, as it was sent or after transforms."""
        if self._get_param("ChangeSetName"):
            change_set = self.life.reviews.find(self._place, self._request("ChangeSetName"))
            wanted = change_set.wanted or change_set.asked
        else:
            wanted = self._stack().wanted
        template = wanted.template
        processed = self._get_param("TemplateStage") == "Processed" and template.processed
        text = json.dumps(template.document, default=str) if processed else template.text
        return ActionResult({"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        """GetTemplateSummary, of a stack or a template."""
        if self._get_param("StackName"):
            stack = self._stack()
            if stack.status == "REVIEW_IN_PROGRESS":
                raise invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
            return ActionResult(views.template_summary(Template.parse(stack.wanted.template.text)))
        return ActionResult(views.template_summary(self._given_template()))

    def validate_template(self) -> ActionResult:
        """ValidateTemplate."""
        template = self._given_template()
        if not template.transforms:
            template.check()
        return ActionResult({"Parameters": views.template_parameters(template), **views.template_facts(template)})

    def get_stack_policy(self) -> ActionResult:
        """GetStackPolicy: no stack has one here."""
        self._stack()
        return ActionResult({})

    def _given_template(self) -> Template:
        return Template.parse(self.life.inputs(self._place).text(self._request(), None) or "")

    def _resource(self, stack: Stack, name: str) -> Resource:
        if name not in stack.resources:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        return stack.resources[name]

    def _owner(self, physical_id: str) -> Stack:
        for stack in self.life.stacks.all(self._place):
            if any(each.physical_id == physical_id for each in list(stack.live.values())):
                return stack
        raise invalid(f"Stack for {physical_id} does not exist")

    def _page(self, items: Sequence[Item]) -> tuple[Sequence[Item], Shown]:
        """One page, and the token of the next. A token counts from the end, for lists grow at their beginning."""
        token = self._get_param("NextToken")
        if token and not str(token).isdigit():
            raise invalid(f"NextToken {token} is not valid")
        start = max(len(items) - int(token), 0) if token else 0
        left = len(items) - start - _PAGE
        return items[start : start + _PAGE], {"NextToken": str(left)} if left > 0 else {}
