"""Functions in serverless.yml of the Serverless Framework."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname, join, normpath

from powertune.iac.called import STAGE, Part, put_together
from powertune.iac.candidate import LAMBDA_DEFAULTS, Blank, Candidate, Setting, Slot, refused, value_of
from powertune.iac.insertion import added
from powertune.iac.model import CodeSource, Tool
from powertune.iac.node import DataDocument, Node, NodeKind

_KEYS = {Setting.MEMORY: "memorySize", Setting.ARCHITECTURE: "architecture"}
#: The Serverless Framework's own default, which is not Lambda's.
_DEFAULTS = {**LAMBDA_DEFAULTS, Setting.MEMORY: "1024"}
_NEIGHBORS = {
    Setting.MEMORY: ("timeout", "runtime", "handler", "image", "name"),
    Setting.ARCHITECTURE: ("memorySize", "runtime", "handler", "timeout", "image", "name"),
}
#: A variable; one that holds another one is not taken apart.
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
#: What `self:` refers to in a variable, as far as it does not depend on another one.
_SELF = re.compile(r"\bself:([\w.-]*)")
_FILE = re.compile(r"\$\{\s*file\(([^(){}]*)\)(?::([\w.-]*))?")
_STAGES = ("sls:stage", "opt:stage", "self:provider.stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileUse:
    """A place in a file that refers to something of a service by its keys, with dots between them."""

    path: str
    line: int
    what: str


def is_service(root: Node | None) -> bool:
    """Whether a document configures a service."""
    return root is not None and root.get("service") is not None and root.get("provider") is not None


def functions_elsewhere(document: DataDocument) -> Iterator[str]:
    """Functions that other files hold."""
    functions = document.root.get("functions") if document.root is not None else None
    groups = () if functions is None else functions.items or (functions,)
    for node in (each for group in groups for each in (group, *(value for _, value in group.pairs))):
        if node.literal:
            yield f"{document.path}: functions come from {node.literal[:100]}, which is not looked into"


def service_functions(document: DataDocument, sources: Sequence[CodeSource]) -> Iterator[Candidate]:
    """The functions of a service, in order.

    Args:
        document: its configuration.
        sources: all files, which may refer to it.
    """
    root = document.root
    functions = root.get("functions") if root is not None else None
    if root is None or functions is None:
        return
    # A list of mappings takes functions from several places.
    elsewhere = tuple(_from_files(sources, document.path))
    listed = functions.kind is not NodeKind.MAPPING
    for number, group in enumerate(functions.items if listed else (functions,)):
        where = ("functions", str(number)) if listed else ("functions",)
        for key, node in group.pairs if group.is_mapping else ():
            if key.kind is NodeKind.SCALAR and node.kind is NodeKind.MAPPING:
                yield _ServiceFunction(document, root, key, node, (*where, key.text), elsewhere).candidate()


class _ServiceFunction:
    """One function of a service."""

    def __init__(
        self,
        document: DataDocument,
        root: Node,
        key: Node,
        node: Node,
        path: tuple[str, ...],
        elsewhere: tuple[_FileUse, ...],
    ) -> None:
        self._document = document
        self._root = root
        self._key = key
        self._node = node
        self._path = path
        self._elsewhere = elsewhere
        self._alone = not any(functions_elsewhere(document))

    def candidate(self) -> Candidate:
        name = self._node.get("name")
        if name is not None:
            called = put_together(self._parts(name), name.text)
        else:
            parts = [
                *self._service(),
                Part(choices=("-",)),
                Part(pattern=STAGE),
                Part(choices=(f"-{self._key.text}",)),
            ]
            called = put_together(parts, "its default name")
        return Candidate(
            tool=Tool.SERVERLESS,
            path=self._document.path,
            line=self._key.line,
            addresses=(self._key.text,),
            called=called,
            slots={setting: self._slot(setting) for setting in Setting},
            logical_id=re.escape(_logical_id(self._key.text)),
        )

    def _service(self) -> list[Part | None]:
        service = self._root.get("service")
        if service is not None and service.is_mapping:
            service = service.get("name")
        return [None] if service is None else self._parts(service)

    def _parts(self, node: Node) -> list[Part | None]:
        """A text with variables, as far as they can be told."""
        text, at = node.literal, 0
        if text is None:
            return [None]
        parts: list[Part | None] = []
        for match in _VARIABLE.finditer(text):
            parts.append(Part(choices=(text[at : match.start()],)))
            parts.extend(self._variable(match[1].strip(), node))
            at = match.end()
        parts.append(Part(choices=(text[at:],)))
        if any(part is not None and "${" in "".join(part.choices) for part in parts):
            return [None]
        return [part for part in parts if part is None or part != Part(choices=("",))]

    def _variable(self, name: str, at: Node) -> list[Part | None]:
        if name.split(",")[0].strip() in _STAGES:
            return [Part(pattern=STAGE)]
        if name == "self:service":
            service = self._root.get("service")
            return [None] if service is at else self._service()
        found = self._root.at(*name[5:].split(".")) if name.startswith("self:") else None
        text = found.literal if found is not None else None
        return [None if text is None or "${" in text else Part(choices=(text,))]

    def _slot(self, setting: Setting) -> Slot:
        slot = self._present(setting)
        if (used := self._used((*self._path, _KEYS[setting]))) is None:
            return slot
        problem = f"the {setting} of {self._key.text} is also used here"
        # Where it is written still matters to others, whose value may be written there, too.
        return replace(
            slot, obstacle=refused(*used, problem, "put a value of its own there, then try again").obstacle
        )

    def _present(self, setting: Setting) -> Slot:
        key = _KEYS[setting]
        if (given := self._node.get(key)) is not None:
            return self._written(setting, given)
        own = added(self._document, self._node, key, _NEIGHBORS[setting])
        if (merged := self._node.merged(key)) is not None:
            return self._written(setting, merged).inherited_by(own, "what is merged by <<")
        if (provider := self._root.at("provider", key)) is not None:
            return self._provided(setting, provider).inherited_by(own, f"provider.{key}", alone=self._alone)
        elsewhere = (self._root.get("provider") or self._root).literal is not None
        return Slot(value=None if elsewhere else _DEFAULTS[setting], own=own.own, obstacle=own.obstacle)

    def _provided(self, setting: Setting, node: Node) -> Slot:
        """The value of `provider`, which more than functions may refer to."""
        slot, key = self._written(setting, node), _KEYS[setting]
        if (used := self._used(("provider", key))) is None:
            return slot
        obstacle = refused(*used, f"provider.{key} is also used here", "change it by hand").obstacle
        return replace(slot, obstacle=obstacle)

    def _written(self, setting: Setting, node: Node) -> Slot:
        what = f"the {setting} of {self._key.text}"
        if node.shared:
            hint = "replace the anchor or alias on the function by a plain value"
            return self._refuse(node, f"{what} is shared through a YAML anchor", hint)
        text = node.literal or ""
        if "${" in text:
            return self._behind(setting, node, text)
        value = value_of(setting, text)
        if value is None or not node.exact:
            return self._refuse(node, f"{what} is not a plain value", "change it by hand")
        blank = Blank(path=self._document.path, start=node.start, end=node.end, line=node.line)
        return Slot(value=value, blank=blank)

    def _behind(self, setting: Setting, node: Node, text: str) -> Slot:
        """A value behind a variable: `${self:custom.memory}`, where nothing else uses it."""
        match = _VARIABLE.fullmatch(text)
        path = match[1].strip() if match is not None else ""
        found = self._root.at(*path[5:].split(".")) if path.startswith("self:") else None
        if found is None or found.literal is None or "${" in found.literal:
            problem = f"the {setting} of {self._key.text} comes from {text[:100]}"
            return self._refuse(node, problem, "change the value there")
        slot = replace(self._written(setting, found), via=path)
        if (used := self._used(tuple(path[5:].split(".")), node)) is None:
            return slot
        problem = f"{path}, which holds the {setting} of {self._key.text}, is also used here"
        hint = "put the value itself on the function, then try again"
        return replace(slot, obstacle=refused(*used, problem, hint).obstacle)

    def _used(self, keys: tuple[str, ...], at: Node | None = None) -> tuple[str, int] | None:
        """Where a text other than `at` refers to what is there or to something that holds it, or may do so."""
        for node in self._root.walk():
            if node is at or node.kind is not NodeKind.SCALAR or "self:" not in node.text:
                continue
            for match in _SELF.finditer(node.text):
                if _overlap(keys, match[1]):
                    return self._document.path, node.line
        return next(((use.path, use.line) for use in self._elsewhere if _overlap(keys, use.what)), None)

    def _refuse(self, node: Node, problem: str, hint: str) -> Slot:
        return refused(self._document.path, node.line, problem, hint)


def _overlap(keys: tuple[str, ...], dotted: str) -> bool:
    """Whether one of two places is the other, or holds it."""
    other = tuple(key for key in dotted.split(".") if key)
    return keys[: len(other)] == other[: len(keys)]


def _from_files(sources: Sequence[CodeSource], path: str) -> Iterator[_FileUse]:
    """What files take from the configuration of a service: `${file(../shop/serverless.yml):custom.memory}`."""
    for source in sources:
        for match in _FILE.finditer(source.text):
            if normpath(join(dirname(source.path), match[1].strip(" '\""))) == path:
                line = source.text.count("\n", 0, match.start()) + 1
                yield _FileUse(path=source.path, line=line, what=match[2] or "")


def _logical_id(key: str) -> str:
    """How the Serverless Framework names the resource of a function (its documentation: AWS Resources)."""
    name = key.replace("-", "Dash").replace("_", "Underscore")
    return f"{name[:1].upper()}{name[1:]}LambdaFunction"
