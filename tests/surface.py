"""Writes docs/reference/embedded-aws.md: what tests prove that the embedded AWS supports. `make surface` runs it.

Tests declare it by the marker `supports("service:Operation", "feature in a few words")`. They are read, not run, so
the table includes tests that fail or that this machine skips.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from conformance.cases import Step, cases

from powertune.local.endpoint.unsupported import KEPT_ONLY, LAMBDA_OPERATIONS

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reference" / "embedded-aws.md"
COMMAND = "make surface"

_OPERATION = re.compile(r"[a-z0-9-]+:[A-Z]\w*")
_SERVICES = {
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch metrics",
    "events": "EventBridge",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "s3": "S3",
    "scheduler": "EventBridge Scheduler",
    "sns": "SNS",
    "stepfunctions": "Step Functions",
}

_TOP = f"""\
# What the embedded AWS supports

<!-- Written by `{COMMAND}` from the tests. Do not edit. -->

Each row is proven by the test in its last column. Tests declare what they prove, and `{COMMAND}` collects the
declarations. **Clients** shows which clients replay the operation in `tests/conformance` and get the same response:
boto3, the AWS CLI and the AWS SDK for JavaScript.

Operations that are not listed may work too, because the embedded AWS is built on [moto](https://docs.getmoto.org/),
but no test of this project proves it. [Use the embedded AWS with your own clients](../how-to/embedded-aws.md) shows
how to start it.
"""

_UNSUPPORTED = """\
## Not supported

Lambda answers these operations with a `NotImplementedException` that names the operation (status 501, which SDKs do
not retry). It answers an operation that does not exist with an `UnknownOperationException` (404).

| Why | Operations |
|---|---|
"""

_KEPT = """\

These settings are validated and stored, but have no effect:

| Operation | Because |
|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Proof:
    """A feature of an operation, and the test that proves it."""

    operation: str
    feature: str
    test: str


def proofs(folder: Path = TESTS) -> list[Proof]:
    """All that tests in this folder declare, in the order of the page.

    Raises:
        ValueError: a marker is not two texts, or names no operation.
    """
    found = [proof for file in sorted(folder.rglob("test_*.py")) for proof in _proofs_of(file, folder)]
    return sorted(found)


def _proofs_of(file: Path, folder: Path) -> Iterator[Proof]:
    place = f"{folder.name}/{file.relative_to(folder).as_posix()}"
    for function in ast.walk(ast.parse(file.read_text())):
        if not isinstance(function, ast.FunctionDef | ast.ClassDef):
            continue
        for marker in (node for each in function.decorator_list for node in ast.walk(each)):
            if isinstance(marker, ast.Call) and _is_marker(marker.func):
                operation, feature = _texts(marker, place)
                yield Proof(operation=operation, feature=feature, test=f"{place}::{function.name}")


def _is_marker(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else None
    return name == "supports"


def _texts(marker: ast.Call, place: str) -> tuple[str, str]:
    values = [node.value for node in marker.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if len(values) != 2 or not _OPERATION.fullmatch(values[0]):
        raise ValueError(f"{place}:{marker.lineno}: supports() takes 'service:Operation' and a feature, as texts")
    return values[0], values[1]


def replayed() -> frozenset[str]:
    """The operations that all clients replay."""
    steps: list[Step] = [step for case in cases(b"", b"", b"").values() for step in case]
    return frozenset(step.operation for step in steps if step.failure is None and step.kind == "call")


def page() -> str:
    """The whole page."""
    clients = replayed()
    everything = proofs()
    sections = [
        _section(service, list(of_service), clients)
        for service, of_service in groupby(everything, lambda proof: proof.operation.split(":")[0])
    ]
    only_replayed = sorted(clients - {proof.operation for proof in everything})
    return "\n".join([_TOP, *sections, _replayed_only(only_replayed), _not_supported()])


def _section(service: str, of_service: list[Proof], clients: frozenset[str]) -> str:
    rows = [
        f"## {_SERVICES.get(service, service)}",
        "",
        "| Operation | What is proven | Clients | Test |",
        "|---|---|---|---|",
    ]
    for operation, group in groupby(of_service, lambda proof: proof.operation):
        shown = f"`{operation.split(':')[1]}`"
        by_all = "all three" if operation in clients else ""
        for proof in group:
            rows.append(f"| {shown} | {_escaped(proof.feature)} | {by_all} | {_link(proof.test)} |")
            shown = by_all = ""
    return "\n".join([*rows, ""])


def _replayed_only(operations: list[str]) -> str:
    by_service = defaultdict(list)
    for operation in operations:
        service, name = operation.split(":")
        by_service[service].append(f"`{name}`")
    rows = [f"| {_SERVICES.get(service, service)} | {', '.join(names)} |" for service, names in by_service.items()]
    return "\n".join(
        [
            "## Replayed by all three clients, in their usual form",
            "",
            "| Service | Operations |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _not_supported() -> str:
    by_reason = defaultdict(list)
    for operation, reason in LAMBDA_OPERATIONS.items():
        by_reason[reason].append(f"`{operation}`")
    rows = [f"| {reason[0].upper()}{reason[1:]} | {', '.join(names)} |\n" for reason, names in by_reason.items()]
    kept = [f"| `{operation}` | {reason} |\n" for operation, reason in KEPT_ONLY.items()]
    return "".join([_UNSUPPORTED, *rows, _KEPT, *kept])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _link(test: str) -> str:
    file, name = test.split("::")
    return f"[`{name}`](../../{file})"


def main(arguments: list[str]) -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
