"""Turns the inputs of the action into the command line of powertune, of which no shell sees a word."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from runner import StepFailed

#: The reports that each command writes, by their endings.
REPORTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"gate": ("json", "xml", "md"), "run": ("html", "json", "xml", "md"), "scan": ("html", "json", "md")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The inputs of the action that powertune gets. Empty texts are not given."""

    command: str
    options: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    max_regression: str = ""
    on_inconclusive: str = ""
    baseline_ref: str = "auto"

    @property
    def names(self) -> tuple[str, ...]:
        """The options without their values."""
        return tuple(line.split()[0].partition("=")[0] for line in self.options)

    @property
    def wants_base(self) -> bool:
        """Whether the base of the pull request is the baseline, because nothing else is named."""
        return (
            self.command == "gate"
            and self.baseline_ref == "auto"
            and "--local" in self.names
            and not any(name.startswith("--baseline") for name in self.names)
        )


def command_line(inputs: Inputs, folder: Path, base: str | None) -> tuple[str, ...]:
    """The words after `powertune`. Reports go to `folder`; `base` is the commit that `auto` has found.

    Raises:
        StepFailed: an input is not one that the command takes.
    """
    endings = REPORTS.get(inputs.command)
    if endings is None:
        raise StepFailed(f"unknown command {inputs.command!r}: set the input `command` to gate, run or scan")
    words = [inputs.command]
    for ending in endings:
        words += ["-o", str(folder / f"report.{ending}")]
    # The workflow names what to measure and what to spend. There is nobody to ask.
    if inputs.command != "scan":
        words.append("--yes")
    # What was measured is uploaded as well. An option of the workflow comes later, and so decides.
    if inputs.command == "run":
        words.append(f"--save={folder / 'run.json'}")
    elif inputs.command == "gate" and not {"--run", "--local"}.isdisjoint(inputs.names):
        words.append(f"--save={folder / 'results'}")
    for line in inputs.options:
        words += _option(line)
    words += _gate_options(inputs, base)
    return (*words, *(("--", *inputs.target) if inputs.target else ()))


def _option(line: str) -> list[str]:
    """A line `--name value` as one word, so that a value that starts with a hyphen is never taken for an option."""
    if not line.startswith("-"):
        raise StepFailed(
            f"{line!r} is not an option: a line of the input `options` starts with a hyphen. "
            "Functions and results files belong in the input `target`"
        )
    name, *values = line.split(maxsplit=1)
    if not values:
        return [name]
    return [f"{name}={values[0]}"] if name.startswith("--") else [name, values[0]]


def _gate_options(inputs: Inputs, base: str | None) -> list[str]:
    ref = base if inputs.baseline_ref == "auto" else inputs.baseline_ref
    given = [
        *(("--budget", budget) for budget in inputs.budgets),
        ("--max-regression", inputs.max_regression),
        ("--on-inconclusive", inputs.on_inconclusive),
        ("--baseline-ref", "" if ref in (None, "none") else ref),
    ]
    options = [f"{name}={text}" for name, text in given if text]
    if options and inputs.command != "gate":
        raise StepFailed(f"{options[0]!r} is for the command `gate`: remove this input, or set `command: gate`")
    return options
