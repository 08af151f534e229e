"""Hints and advisories of an execution name the keys of its input, whatever option they speak of."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import powertune
from powertune.config.execution_keys import KEYS
from powertune.config.execution_words import (
    KEYS_OF_OPTIONS,
    advisory_in_keys,
    error_in_keys,
    hint_in_keys,
    in_keys,
)
from powertune.engine.deployment.bundle import is_wanted
from powertune.errors import UsageError
from powertune.model import Advisory

PACKAGE = Path(powertune.__file__).parent
#: Modules of the bundle that no step of a state machine takes.
ELSEWHERE = ("engine/deployment/", "engine/scanning/", "scan/", "aws/scanning/", "aws/stacks/")
#: Options that say nothing to an execution: it has a machine's own identity, place, files and prices.
WITHOUT_KEY = {"--region", "--profile", "--endpoint-url", "--prices", "--start-from"}


def texts() -> Iterator[str]:
    """What the modules of the steps may say: their texts, apart from docstrings."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not is_wanted(f"powertune/{name}") or name.startswith(ELSEWHERE):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                yield node.value


def test_every_option_that_a_text_speaks_of_has_a_key_or_is_left_out() -> None:
    spoken = {option for text in texts() for option in re.findall(r"(?<![\w`-])--[a-z][a-z0-9-]+\b(?!-)", text)}
    assert len(spoken) > 20
    with_key = {option for option in spoken if option in KEYS_OF_OPTIONS}
    assert with_key >= {"--invocations", "--concurrency", "--payload", "--arch", "--max-spend", "--rate", "--sleep"}
    for option in with_key:
        assert hint_in_keys(f"raise {option}") == f"raise {KEYS_OF_OPTIONS[option]}"
    assert spoken >= WITHOUT_KEY
    for option in spoken - with_key:
        assert hint_in_keys(f"raise {option}") is None


def test_all_keys_are_keys_of_the_input() -> None:
    assert set(KEYS_OF_OPTIONS.values()) <= set(KEYS)


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (None, None),
        ("measure with --invocations 889 --environments 15", "measure with num 889, environments 15"),
        ("lower --rate or --concurrency, or try later", "lower rate or concurrency, or try later"),
        ("check the name, --region and --profile", "check the name"),
        ("fetch the prices of x with `powertune prices refresh`, or give them with --prices FILE", None),
        ("check the region's name, or give its prices with --prices FILE", "check the region's name"),
        ("pass --region, give a full ARN, or set AWS_REGION", "give a full ARN, or set AWS_REGION"),
        ("raise --max-spend; --start-from this run's file tells the next one where to begin", "raise maxSpend"),
        ("measure again, with --start-from this file", "measure again"),
        (
            "--max-spend 0.3 for this function leaves room for 10 more invocations of 128 MB x86_64",
            "maxSpend 0.3 for this function leaves room for 10 more invocations of 128 MB x86_64",
        ),
        ("measure with --arch both", "measure with architectures both"),
        (
            "give an event that it succeeds with, as --payload @event.json; it was invoked with {}",
            "give an event that it succeeds with, as payload; it was invoked with {}",
        ),
        ("powertune restore fn --region eu-west-1", "powertune restore fn --region eu-west-1"),
        (
            "wait until it has ended; if it has died: powertune restore fn --region eu-west-1",
            "wait until it has ended; if it has died: powertune restore fn --region eu-west-1",
        ),
        (
            "`powertune iam run --isolate --vpc` prints the policy; or measure with --in-place",
            "`powertune iam run --isolate --vpc` prints the policy; or measure with inPlace",
        ),
        ("call Lambda directly: what stands in between (--endpoint-url) changes request IDs", None),
    ],
)
def test_hints(hint: str | None, said: str | None) -> None:
    assert hint_in_keys(hint) == said


def test_messages_keep_what_has_no_key() -> None:
    assert in_keys("--max-spend 1 may not pay") == "maxSpend 1 may not pay"
    assert in_keys("which --strategy tolerance or balanced counts") == "which strategy default or balanced counts"
    assert in_keys("no key --profile") == "no key --profile"
    assert in_keys("mail me @home") == "mail me @home"


def test_an_error_is_a_message_and_a_hint() -> None:
    assert error_in_keys(UsageError("no prices", hint="give --prices FILE")) == "no prices"
    assert error_in_keys(UsageError("too few", hint="--invocations 9 is enough")) == "too few; num 9 is enough"
    assert error_in_keys(UsageError("too few")) == "too few"


def test_an_advisory_keeps_a_next_step() -> None:
    advisory = Advisory(code="x", message="--memory is short", next_step="add 512 to --memory")
    said = Advisory(code="x", message="powerValues is short", next_step="add 512 to powerValues")
    assert advisory_in_keys(advisory) == said
    only = Advisory(code="x", message="y", next_step="give --start-from a run")
    assert advisory_in_keys(only) == only
