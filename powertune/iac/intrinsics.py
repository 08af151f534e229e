"""CloudFormation's intrinsic functions, long and short, as far as names and values come through them."""

import re
from collections.abc import Iterator

from powertune.iac.called import ACCOUNT, PARTITION, REGION, STACK, Called, Part, put_together
from powertune.iac.node import Node, NodeKind

_PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
}
#: `${Name}`, `${Name.Attribute}`, and `${!Literal}`, which stands for `${Literal}`.
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
#: What CloudFormation puts together from elsewhere before it deploys.
RESOLVED = "{{resolve:"


def intrinsic(node: Node) -> tuple[str, Node] | None:
    """The name of a function, such as `Ref` or `Fn::Sub`, and its argument; None for a plain value."""
    if node.tag.startswith("!"):
        name = node.tag[1:]
        return (name if name in ("Ref", "Condition") else f"Fn::{name}"), node
    if node.is_mapping and len(node.pairs) == 1:
        key, value = node.pairs[0]
        if key.text in ("Ref", "Condition") or key.text.startswith("Fn::"):
            return key.text, value
    return None


def referenced(node: Node) -> Iterator[str]:
    """The names that a node refers to itself, not what is below it."""
    call = intrinsic(node)
    if call is None:
        return
    name, argument = call
    if name == "Ref" and argument.kind is NodeKind.SCALAR:
        yield argument.text
    elif name == "Fn::Sub":
        text = argument.items[0] if argument.kind is NodeKind.SEQUENCE and argument.items else argument
        for match in _PLACEHOLDER.finditer(text.text):
            yield match[1].strip()


def name_of(node: Node, template: Node) -> Called:
    """What a FunctionName says."""
    written = node.text if node.kind is NodeKind.SCALAR else (intrinsic(node) or ("an expression",))[0]
    return put_together(_parts(node, template), written)


def _parts(node: Node, template: Node) -> list[Part | None]:
    call = intrinsic(node)
    if call is None:
        text = node.literal
        return [None if text is None or RESOLVED in text else Part(choices=(text,))]
    name, argument = call
    if name == "Ref" and argument.kind is NodeKind.SCALAR:
        return [_named(argument.text, template)]
    if name == "Fn::Sub":
        return _substituted(argument, template)
    if name == "Fn::Join" and len(argument.items) == 2 and argument.items[1].kind is NodeKind.SEQUENCE:
        separator = argument.items[0].literal
        parts: list[Part | None] = []
        for number, item in enumerate(argument.items[1].items):
            if number and separator:
                parts.append(Part(choices=(separator,)))
            # A join within a join is rare, and makes a name of a page.
            parts.append(_parts(item, template)[0] if _simple(item) else None)
        return parts if separator is not None else [None]
    return [None]


def _simple(node: Node) -> bool:
    call = intrinsic(node)
    return call is None or call[0] == "Ref"


def _substituted(argument: Node, template: Node) -> list[Part | None]:
    own: Node | None = None
    if argument.kind is NodeKind.SEQUENCE and len(argument.items) == 2:
        argument, own = argument.items
    if argument.kind is not NodeKind.SCALAR:
        return [None]
    parts: list[Part | None] = []
    at = 0
    for match in _PLACEHOLDER.finditer(argument.text):
        parts.append(Part(choices=(argument.text[at : match.start()],)))
        at = match.end()
        name = match[1].strip()
        given = own.get(name) if own is not None else None
        if name.startswith("!"):
            parts.append(Part(choices=(f"${{{name[1:]}}}",)))
        elif given is not None:
            parts.append(_parts(given, template)[0] if _simple(given) else None)
        else:
            parts.append(_named(name, template))
    parts.append(Part(choices=(argument.text[at:],)))
    return [part for part in parts if part is None or part != Part(choices=("",))]


def _named(name: str, template: Node) -> Part | None:
    """What a pseudo parameter or a parameter may be; a parameter that takes anything is not known."""
    if name in _PSEUDO:
        return Part(pattern=_PSEUDO[name])
    parameter = template.at("Parameters", name)
    if parameter is None or ((parameter.get("Type") or parameter).literal or "").startswith("AWS::SSM::"):
        return None
    allowed = parameter.get("AllowedValues")
    if allowed is not None and allowed.items:
        return Part(choices=tuple(item.text for item in allowed.items))
    default = parameter.get("Default")
    return Part(choices=(default.text,)) if default is not None and default.literal is not None else None
