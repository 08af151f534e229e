"""Functions in templates of CloudFormation and SAM, in YAML or JSON."""

from collections.abc import Iterator, Mapping

from powertune.iac.called import Called
from powertune.iac.candidate import LAMBDA_DEFAULTS, Blank, Candidate, Setting, Slot, refused, value_of
from powertune.iac.insertion import added
from powertune.iac.intrinsics import RESOLVED, intrinsic, name_of
from powertune.iac.model import Tool
from powertune.iac.node import DataDocument, Node, NodeKind
from powertune.iac.parameters import parameter_slot

_SAM = "AWS::Serverless::Function"
_TYPES = ("AWS::Lambda::Function", _SAM)
#: Resources whose own resources are in files of their own.
_NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_KEYS = {Setting.MEMORY: "MemorySize", Setting.ARCHITECTURE: "Architectures"}
#: What a new key may stand next to, best first.
_NEIGHBORS = {
    Setting.MEMORY: ("Timeout", "Runtime", "Handler", "PackageType", "CodeUri", "FunctionName"),
    Setting.ARCHITECTURE: ("MemorySize", "Runtime", "Handler", "Timeout", "PackageType", "CodeUri", "FunctionName"),
}


def is_template(root: Node | None) -> bool:
    """Whether a document is a template of CloudFormation or SAM."""
    resources = root.get("Resources") if root is not None else None
    return resources is not None and resources.kind is NodeKind.MAPPING


def nested_stacks(document: DataDocument) -> Iterator[str]:
    """What stands for resources that are in other files, or that are written once for many."""
    for name, resource in _resources(document):
        kind = resource.get("Type")
        if kind is not None and kind.literal in _NESTED:
            yield f"{document.path}: the resources of {name} are in a template of their own"
        elif name.startswith("Fn::"):
            yield f"{document.path}: {name} is not looked into"


def template_functions(document: DataDocument, overrides: Mapping[str, str]) -> Iterator[Candidate]:
    """The functions of a template, in order.

    Args:
        document: the template.
        overrides: parameters that are set where it is deployed from, and the files that do it.
    """
    for name, resource in _resources(document):
        kind = resource.get("Type")
        if kind is not None and kind.literal in _TYPES and document.root is not None:
            yield _FunctionResource(document, document.root, name, resource, overrides).candidate()


def _resources(document: DataDocument) -> Iterator[tuple[str, Node]]:
    resources = document.root.get("Resources") if document.root is not None else None
    for key, resource in resources.pairs if resources is not None else ():
        if key.kind is NodeKind.SCALAR:
            yield key.text, resource


class _FunctionResource:
    """One resource of a template."""

    def __init__(
        self, document: DataDocument, template: Node, logical_id: str, resource: Node, overrides: Mapping[str, str]
    ) -> None:
        self._overrides = overrides
        self._document = document
        self._template = template
        self._id = logical_id
        self._resource = resource
        self._sam = (resource.get("Type") or resource).literal == _SAM
        self._properties = resource.get("Properties")
        # Fn::ForEach makes resources that are not known here.
        self._loops = any(name.startswith("Fn::") for name, _ in _resources(document))

    def candidate(self) -> Candidate:
        name = self._properties.get("FunctionName") if self._properties is not None else None
        called = Called(generated=self._id) if name is None else name_of(name, self._template)
        if not self._id.isalnum():
            called = Called()
        return Candidate(
            tool=Tool.SAM if self._sam else Tool.CLOUDFORMATION,
            path=self._document.path,
            line=self._resource_line(),
            addresses=(self._id,),
            called=called,
            slots={setting: self._slot(setting) for setting in Setting},
            logical_id=self._id if self._id.isalnum() else None,
        )

    def _resource_line(self) -> int:
        resources = self._template.get("Resources") or self._template
        return next(key.line for key, value in resources.pairs if value is self._resource and key.text == self._id)

    def _slot(self, setting: Setting) -> Slot:
        properties = self._properties
        if properties is None:
            return self._refuse(self._resource, f"{self._id} has no Properties", "write them, then try again")
        if not properties.is_mapping or intrinsic(properties) is not None:
            problem = f"the properties of {self._id} come from {_expression(properties)}"
            return self._refuse(properties, problem, "change them where they are written")
        key = _KEYS[setting]
        if (given := properties.get(key)) is not None:
            return self._written(setting, given)
        listed = setting is Setting.ARCHITECTURE
        own = added(self._document, properties, key, _NEIGHBORS[setting], listed=listed)
        if properties.get("Fn::Transform") is not None:
            own = self._refuse(
                properties, f"more properties of {self._id} come from Fn::Transform", "change them there"
            )
        if (merged := properties.merged(key)) is not None:
            return self._written(setting, merged).inherited_by(own, "what is merged by <<")
        shared = self._template.at("Globals", "Function", key) if self._sam else None
        if shared is not None:
            return self._written(setting, shared).inherited_by(own, "Globals", alone=not self._loops)
        return Slot(value=LAMBDA_DEFAULTS[setting], own=own.own, obstacle=own.obstacle)

    def _written(self, setting: Setting, node: Node) -> Slot:
        """What is written as a value of a property."""
        if node.shared:
            problem = f"the {setting} of {self._id} is shared through a YAML anchor"
            return self._refuse(node, problem, "replace the anchor or alias on the function by a plain value")
        if (call := intrinsic(node)) is not None:
            return self._expressed(setting, node, *call)
        if setting is Setting.ARCHITECTURE and node.kind is NodeKind.SEQUENCE:
            if len(node.items) != 1:
                return self._refuse(node, f"Architectures of {self._id} is not a list of one", "correct it")
            return self._written(setting, node.items[0])
        text = node.literal
        if text is not None and RESOLVED in text:
            problem = f"the {setting} of {self._id} comes from {text[:100]}"
            return self._refuse(node, problem, "change the value there")
        value = value_of(setting, text or "")
        if value is None or not node.exact:
            return self._refuse(node, f"the {setting} of {self._id} is not a plain value", "change it by hand")
        return Slot(
            value=value,
            blank=Blank(path=self._document.path, start=node.start, end=node.end, line=node.line),
        )

    def _expressed(self, setting: Setting, node: Node, name: str, argument: Node) -> Slot:
        if name == "Ref" and argument.kind is NodeKind.SCALAR:
            return parameter_slot(self._document, setting, node, self._overrides)
        problem = f"the {setting} of {self._id} comes from {name}"
        several = name in ("Fn::If", "Fn::FindInMap", "Fn::Select")
        hint = "change the right one of its values by hand" if several else "change the value by hand"
        return self._refuse(node, problem, hint)

    def _refuse(self, node: Node, problem: str, hint: str) -> Slot:
        return refused(self._document.path, node.line, problem, hint)


def _expression(node: Node) -> str:
    call = intrinsic(node)
    return call[0] if call is not None else "elsewhere"
