"""All functions that files define, and what could not be looked into."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import basename

from powertune.errors import PlaceRefused
from powertune.iac.candidate import Candidate
from powertune.iac.cdk_javascript import javascript_functions, read_javascript
from powertune.iac.cdk_python import python_functions, read_python
from powertune.iac.cloudformation import is_template, nested_stacks, template_functions
from powertune.iac.hcl import Block, read_terraform
from powertune.iac.json_document import read_json
from powertune.iac.model import CodeSource
from powertune.iac.node import DataDocument
from powertune.iac.reading import BYTE_ORDER_MARK, Token
from powertune.iac.sam_config import read_overrides
from powertune.iac.serverless import functions_elsewhere, is_service, service_functions
from powertune.iac.terraform import terraform_functions
from powertune.iac.yaml_document import read_yaml
from powertune.units import shortened

TERRAFORM = (".tf", ".tfvars")
TEMPLATES = (".yaml", ".yml", ".json", ".template")
JAVASCRIPT = (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")
PYTHON = (".py",)
#: What the names of all constructs that are functions end with.
_CONSTRUCT = "Function"
#: A message says no more of a name or a remark.
_MOST_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What files define.

    `outlines` are their contents, token by token, by path. `problems` are files that cannot be read. `remarks` say
    where more functions may be.
    """

    candidates: tuple[Candidate, ...]
    outlines: dict[str, tuple[Token, ...]]
    problems: tuple[PlaceRefused, ...]
    remarks: tuple[str, ...]


def survey(sources: Sequence[CodeSource]) -> Survey:
    """Everything that files define, in their order."""
    surveyor = _Surveyor(sources)
    for source in sources:
        try:
            surveyor.read(source)
        except PlaceRefused as problem:
            surveyor.problems.append(problem)
    surveyor.candidates.extend(terraform_functions(surveyor.terraform))
    return Survey(
        candidates=tuple(surveyor.candidates),
        outlines=surveyor.outlines,
        problems=tuple(surveyor.problems),
        remarks=tuple(dict.fromkeys(shortened(remark, _MOST_SHOWN) for remark in surveyor.remarks)),
    )


class _Surveyor:
    """Reads one file after the other; Terraform has to wait for the last one."""

    def __init__(self, sources: Sequence[CodeSource]) -> None:
        self._sources = sources
        self.candidates: list[Candidate] = []
        self.outlines: dict[str, tuple[Token, ...]] = {}
        self.problems: list[PlaceRefused] = []
        self.remarks: list[str] = []
        self.terraform: list[Block] = []

    def read(self, source: CodeSource) -> None:
        name = basename(source.path).lower()
        if name.endswith(TERRAFORM):
            block = read_terraform(source)
            self.terraform.append(block)
            self.outlines[source.path] = block.file.outline()
        elif name.endswith(".tf.json"):
            self.remarks.append(f"{source.path}: Terraform in JSON is not looked into")
        elif name.endswith(TEMPLATES):
            self._document(_document(source))
        elif name.endswith((*JAVASCRIPT, *PYTHON)) and _CONSTRUCT not in source.text:
            pass  # most code of an app, which need not be parsed
        elif name.endswith(JAVASCRIPT):
            syntax = read_javascript(source)
            self._found(source, javascript_functions(syntax), syntax.outline())
        elif name.endswith(PYTHON):
            file = read_python(source)
            self._found(source, python_functions(file), file.outline())

    def _document(self, document: DataDocument) -> None:
        self.outlines[document.path] = document.outline
        if is_template(document.root):
            self.candidates.extend(template_functions(document, read_overrides(self._sources, document.path)))
            self.remarks.extend(nested_stacks(document))
        elif is_service(document.root):
            self.candidates.extend(service_functions(document, self._sources))
            self.remarks.extend(functions_elsewhere(document))
        else:
            self.remarks.append(f"{document.path} is neither a template nor the configuration of a service")

    def _found(self, source: CodeSource, candidates: Iterable[Candidate], outline: tuple[Token, ...]) -> None:
        self.candidates.extend(candidates)
        self.outlines[source.path] = outline


def _document(source: CodeSource) -> DataDocument:
    """JSON by its content: a template may end in .template, and JSON with comments is YAML to CloudFormation."""
    json = source.text.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(("{", "["))
    return read_json(source) if json and not source.path.endswith((".yaml", ".yml")) else read_yaml(source)


def described(candidates: Iterable[Candidate], most: int = 10) -> str:
    """Candidates for a message: what to call them, and where they are."""
    texts = [shortened(str(candidate.place), _MOST_SHOWN) for candidate in candidates]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def where(sources: Iterable[CodeSource], most: int = 5) -> str:
    """Files for a message."""
    listed = [source.path for source in sources]
    more = f" and {len(listed) - most:,} more files" if len(listed) > most else ""
    return (", ".join(listed[:most]) + more) or "no file"
