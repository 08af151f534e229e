"""The templates of CloudFormation as tests read them: resources by type, and what roles allow."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.core import get_rules

FOLDER = Path(__file__).parents[1] / "statemachine"
#: One region of each partition, and a young one.
REGIONS = ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1"]
#: The most bytes of a template that is sent with the request (CloudFormation quotas).
MOST_BYTES = 51_200


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class CloudTemplate:
    """A template, as text and as what it says."""

    text: str
    document: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> "CloudTemplate":
        """A template of the folder `statemachine`."""
        text = (FOLDER / name).read_text()
        return cls(text, yaml.load(text, _Loader))

    @property
    def resources(self) -> dict[str, Any]:
        """The resources by their names."""
        found: dict[str, Any] = self.document["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of the resources of a type, by their names."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def statements(self, role: str) -> Iterator[dict[str, Any]]:
        """What a role allows, in policies of its own and in managed ones, under whatever condition."""
        properties = self.resources[role]["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        shared = properties.get("ManagedPolicyArns", ())
        documents += [self.resources[each["Ref"]]["Properties"]["PolicyDocument"] for each in shared]
        for document in documents:
            for statement in document["Statement"]:
                yield statement["Fn::If"][1] if "Fn::If" in statement else statement

    def allowed(self, role: str) -> dict[str, list[dict[str, Any]]]:
        """By action, the statements that allow it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for statement in self.statements(role):
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                found.setdefault(action, []).append(statement)
        return found

    def lint(self) -> list[Any]:
        """What cfn-lint finds in any partition, hints included."""
        rules = get_rules([], [], include_rules=["I"])
        return list(lint(self.text, rules=rules, regions=REGIONS, config=ManualArgs(include_checks=["I"])))
