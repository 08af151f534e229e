"""How to put the recommendation into effect: AWS CLI commands, and a line for each tool that defines functions."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis import Analysis
from powertune.model import Architecture, Configuration, FunctionState

#: What stands for the package that a person has to build, or for the version that a command prints.
_PACKAGE, _IMAGE, _VERSION = "fileb://PACKAGE.zip", "IMAGE_URI", "VERSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The way to change a function's size.

    `commands` are those of the AWS CLI, in order, each as its words; `definitions` pairs of a tool and the properties
    that its definition of the function must have. `note` says what the commands leave to the reader, if anything.
    """

    commands: tuple[tuple[str, ...], ...]
    definitions: tuple[tuple[str, tuple[str, ...]], ...]
    note: str | None


def change_of(analysis: Analysis) -> Change | None:
    """How to make the recommended configuration the current one.

    None where there is nothing to change, and for what was measured on the embedded AWS, whose figures are not AWS's.
    The properties are those of AWS::Serverless::Function, aws-cdk-lib's Function, the AWS provider's
    aws_lambda_function and a function in serverless.yml, as their reference pages have them.
    """
    recommendation, function = analysis.recommendation, analysis.function
    if recommendation is None or function.platform is not None:
        return None
    chosen = recommendation.configuration
    if chosen == analysis.current:
        return None
    return Change(
        commands=_commands(function, chosen), definitions=_definitions(function, chosen), note=_note(function, chosen)
    )


def shell_lines(command: Sequence[str], width: int) -> list[str]:
    """A command for a POSIX shell, broken between options where a line would be longer than `width`."""
    parts: list[str] = []
    for word in command:
        quoted = shlex.quote(word)
        if parts and not word.startswith("--") and parts[-1].startswith("--"):
            parts[-1] += f" {quoted}"
        else:
            parts.append(quoted)
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + len("  \\") > width:
            lines[-1] += " \\"
            lines.append(f"    {part}")
        else:
            lines[-1] += f" {part}"
    return lines


def _commands(function: FunctionState, chosen: Configuration) -> tuple[tuple[str, ...], ...]:
    where = ("--function-name", function.name, "--region", function.region)
    wait = ("aws", "lambda", "wait", "function-updated-v2", *where)
    commands = []
    if chosen.memory_mb != function.memory_mb:
        memory = ("--memory-size", str(chosen.memory_mb))
        commands += [("aws", "lambda", "update-function-configuration", *where, *memory), wait]
    if chosen.architecture is not function.architecture:
        package = ("--image-uri", _IMAGE) if function.package_type == "Image" else ("--zip-file", _PACKAGE)
        architecture = ("--architectures", chosen.architecture.value)
        commands += [("aws", "lambda", "update-function-code", *where, *architecture, *package), wait]
    if (alias := _alias(function.qualifier)) is None:
        return tuple(commands[:-1])
    publish = ("aws", "lambda", "publish-version", *where)
    return (
        *commands,
        publish,
        ("aws", "lambda", "update-alias", *where, "--name", alias, "--function-version", _VERSION),
    )


def _alias(qualifier: str | None) -> str | None:
    """An alias is moved to a new version. A version never changes, and $LATEST has been changed already."""
    return None if qualifier is None or qualifier == "$LATEST" or qualifier.isdecimal() else qualifier


def _note(function: FunctionState, chosen: Configuration) -> str | None:
    notes = []
    if chosen.architecture is not function.architecture:
        what = _IMAGE if function.package_type == "Image" else _PACKAGE.removeprefix("fileb://")
        notes.append(f"{what} is your code, built for {chosen.architecture}.")
    if _alias(function.qualifier) is not None:
        notes.append(f"{_VERSION} is the number that publish-version prints.")
    return " ".join(notes) if notes else None


def _definitions(function: FunctionState, chosen: Configuration) -> tuple[tuple[str, tuple[str, ...]], ...]:
    memory, architecture = chosen.memory_mb, chosen.architecture
    lines = {
        "SAM": [f"MemorySize: {memory}", f"Architectures: [{architecture}]"],
        "CDK": [f"memorySize: {memory}", f"architecture: lambda.Architecture.{_CDK[architecture]}"],
        "Terraform": [f"memory_size = {memory}", f'architectures = ["{architecture}"]'],
        "serverless.yml": [f"memorySize: {memory}", f"architecture: {architecture}"],
    }
    wanted = (memory != function.memory_mb, architecture is not function.architecture)
    return tuple(
        (tool, tuple(text for text, want in zip(texts, wanted, strict=True) if want)) for tool, texts in lines.items()
    )


_CDK = {Architecture.X86_64: "X86_64", Architecture.ARM64: "ARM_64"}
