"""Functions in CDK apps: what a call that makes a construct says, whichever language it is in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from powertune.iac.called import Called
from powertune.iac.candidate import LAMBDA_DEFAULTS, Blank, Candidate, Setting, Slot, refused, value_of
from powertune.iac.model import Tool
from powertune.model import Architecture

#: The constructs of aws-cdk-lib and its companions that are functions, and have these properties.
FUNCTIONS = frozenset(
    {"Function", "DockerImageFunction", "SingletonFunction", "NodejsFunction", "PythonFunction", "GoFunction"}
    | {"RustFunction"}
)
#: How CDK writes architectures.
WORDS: Mapping[str, str] = MappingProxyType({Architecture.X86_64: "X86_64", Architecture.ARM64: "ARM_64"})
#: What CDK puts behind a construct's id to make a logical id: a digest of its path.
_DIGEST = "[0-9A-F]{8}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Property:
    """A property of a construct. `literal` is its text, if it is plain; of an architecture, the last of its names."""

    start: int
    end: int
    line: int
    written: str
    literal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Construct:
    """A call that makes a function.

    `id` and `name` are None where they are not plain texts; a name that is not given is empty. `written_id` is the
    code of the id. `spread`: more properties come from elsewhere. `added` is where a property could be added, with
    `{key}` and `{}` in its form. `lambda_module` is what the code calls the module aws_lambda, with a dot; None if it
    cannot be told.
    """

    path: str
    line: int
    id: str | None
    written_id: str
    name: str | None
    memory: Property | None
    architecture: Property | None
    spread: bool
    added: Blank | None
    lambda_module: str | None


def construct_candidate(construct: Construct, keys: Mapping[Setting, str]) -> Candidate:
    """The function that a call makes."""
    plain = re.sub(r"[^A-Za-z0-9]", "", construct.id or "")
    logical_id = f"{plain}{_DIGEST}" if plain else None
    called = Called()
    if construct.name:
        called = Called(exactly=(construct.name,))
    elif construct.name == "" and logical_id is not None:
        called = Called(generated=logical_id)
    return Candidate(
        tool=Tool.CDK,
        path=construct.path,
        line=construct.line,
        addresses=(construct.id or construct.written_id,),
        called=called,
        slots={setting: _slot(construct, setting, keys[setting]) for setting in Setting},
        logical_id=logical_id,
        words=WORDS,
    )


def _slot(construct: Construct, setting: Setting, key: str) -> Slot:
    given = construct.memory if setting is Setting.MEMORY else construct.architecture
    if construct.spread:
        problem = f"more properties come from elsewhere, which may set {key}"
        return refused(construct.path, construct.line, problem, "change it by hand")
    if given is None:
        return _missing(construct, setting, key)
    value = given.literal
    if value is not None and setting is Setting.ARCHITECTURE:
        value = next((name for name, word in WORDS.items() if word == value), None)
    if value is None or value_of(setting, value) is None:
        problem = f"{key} is {' '.join(given.written.split())[:80]}, not a plain value"
        return refused(construct.path, given.line, problem, "change it by hand")
    blank = Blank(path=construct.path, start=given.start, end=given.end, line=given.line)
    return Slot(value=value, blank=blank)


def _missing(construct: Construct, setting: Setting, key: str) -> Slot:
    value = LAMBDA_DEFAULTS[setting]
    module = construct.lambda_module
    if construct.added is None or (setting is Setting.ARCHITECTURE and module is None):
        slot = refused(construct.path, construct.line, f"{key} cannot be added here", "add it by hand")
        return Slot(value=value, obstacle=slot.obstacle)
    at = construct.added
    written = "{}" if setting is Setting.MEMORY else f"{module}Architecture.{{}}"
    form = at.form.replace("{key}", key).replace("{}", written)
    return Slot(value=value, own=Blank(path=at.path, start=at.start, end=at.end, line=at.line, form=form))
