"""An operation on a stack that fails at any of its calls leaves what was before, and never a stack in progress."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from powertune.local.cloudformation.deployment import Deployment
from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.kind import Context, Made, Properties
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Input, Place, Stack, Wishes
from powertune.local.cloudformation.store import Stacks
from powertune.local.cloudformation.template import Template
from powertune.local.endpoint.keys import AccessKey

TOPIC = "AWS::SNS::Topic"
PLACE = Place(account="123456789012", region="us-east-1", partition="aws")

FIRST = """
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {DisplayName: a}}
  B: {Type: AWS::SNS::Topic, DependsOn: A, Properties: {TopicName: b}}
  C: {Type: AWS::SNS::Topic, DependsOn: B}
"""
SECOND = """
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {DisplayName: other}}
  B: {Type: AWS::SNS::Topic, DependsOn: A, Properties: {TopicName: other}}
  D: {Type: AWS::SNS::Topic, DependsOn: B}
"""


@dataclass
class FakeKind:
    """Topics in a dictionary. The calls with the numbers in `failing` fail; `then` is called at each."""

    handles: frozenset[str] = frozenset({"DisplayName", "TopicName"})
    things: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failing: frozenset[int] = frozenset()
    calls: int = 0
    numbers: Any = field(default_factory=itertools.count)
    then: Any = lambda: None

    def create(self, context: Context, properties: Properties) -> Made:
        self._call()
        name = f"{context.logical_id}-{next(self.numbers)}"
        self.things[name] = properties
        return Made(physical_id=name)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        self._call()
        self.things[made.physical_id] = new
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        self._call()
        self.things.pop(made.physical_id, None)

    def _call(self) -> None:
        self.calls += 1
        self.then()
        if self.calls in self.failing:
            raise Failure(f"call {self.calls} failed")


def wanted(text: str) -> Input:
    return Input(template=Template.parse(text), parameters={}, tags={})


def services() -> Services:
    return Services("http://127.0.0.1:1", AccessKey.random())


def new_stack(kind: FakeKind, text: str = FIRST) -> tuple[Stack, Stacks]:
    stack = Stack(name="s", id="id", place=PLACE, wanted=wanted(text), status="CREATE_IN_PROGRESS")
    stacks = Stacks()
    stacks.add(stack)
    Deployment(stack, {TOPIC: kind}, services(), stacks).create(Wishes())
    return stack, stacks


def update(stack: Stack, stacks: Stacks, kind: FakeKind, text: str) -> None:
    before, stack.wanted, stack.status = stack.wanted, wanted(text), "UPDATE_IN_PROGRESS"
    Deployment(stack, {TOPIC: kind}, services(), stacks).update(before, Wishes())


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_creation_that_fails_leaves_nothing(call: int) -> None:
    kind = FakeKind(failing=frozenset({call}))
    stack, _ = new_stack(kind)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert kind.things == {}


def test_a_rollback_that_fails_says_so_and_keeps_what_there_is() -> None:
    kind = FakeKind(failing=frozenset({2, 3}))
    stack, _ = new_stack(kind)
    assert stack.status == "ROLLBACK_FAILED"
    assert stack.reason == "The following resource(s) failed to delete: [A]. "
    assert set(stack.live) == {"A"}
    assert list(kind.things) == ["A-0"]


@pytest.mark.parametrize("call", [4, 5, 6])
def test_an_update_that_fails_leaves_what_was(call: int) -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    before = dict(kind.things)
    kind.failing = frozenset({call})
    update(stack, stacks, kind, SECOND)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert kind.things == before
    assert {each.physical_id for each in stack.live.values()} == set(before)
    assert stack.wanted.template.text == FIRST


@pytest.mark.parametrize("call", [7, 8])
def test_a_cleanup_that_fails_does_not_fail_the_update(call: int) -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    kind.failing = frozenset({call})
    update(stack, stacks, kind, SECOND)
    assert stack.status == "UPDATE_COMPLETE"
    assert "DELETE_FAILED" in {event.status for event in stack.events}


def test_a_resource_that_is_refused_at_once_is_what_it_was() -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    update(stack, stacks, kind, FIRST.replace("DisplayName: a", "Nothing: a"))
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.resources["A"].status == "UPDATE_COMPLETE"
    assert sorted(kind.things) == ["A-0", "B-1", "C-2"]


def test_an_update_that_cannot_be_undone_says_so() -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    kind.failing = frozenset({5, 6})
    update(stack, stacks, kind, SECOND)
    assert stack.status == "UPDATE_ROLLBACK_FAILED"
    assert stack.reason == "The following resource(s) failed to update: [A]. "


def test_an_update_is_cancelled_before_its_next_resource() -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    before = dict(kind.things)
    kind.then = stack.cancelled.set
    update(stack, stacks, kind, SECOND)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Resource update cancelled" in {event.reason for event in stack.events}
    assert kind.things == before


def test_what_the_fake_does_is_what_an_update_needs() -> None:
    kind = FakeKind()
    stack, stacks = new_stack(kind)
    update(stack, stacks, kind, SECOND)
    assert stack.status == "UPDATE_COMPLETE"
    assert sorted(kind.things) == ["A-0", "B-3", "D-4"]
    assert kind.calls == 8
