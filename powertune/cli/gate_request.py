"""What a command line of `powertune gate` asks for, checked before anything is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.aws.identity import ConnectionOptions
from powertune.cli import groups
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import on_terminal
from powertune.cli.gate_options import (
    BaselineOptions,
    GateKeepingOptions,
    GateLimitOptions,
    JudgingOptions,
    SubjectOptions,
)
from powertune.cli.outputs import Output, refuse_overwriting
from powertune.cli.sources import parse_folder
from powertune.config.gate_options import GateOptions, load_gate
from powertune.engine.baselines.lookup import RESULTS
from powertune.errors import UsageError
from powertune.gate.calibration import parse_calibration
from powertune.gate.rules import Rules
from powertune.gate.settings import rules_of
from powertune.model import FunctionRef

_CALIBRATION = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRequest:
    """What was asked for. `files` are results files of candidates; `traffic` is --invocations-per-month."""

    files: tuple[str, ...]
    subject: SubjectOptions
    against: BaselineOptions
    judging: JudgingOptions
    limits: GateLimitOptions
    keeping: GateKeepingOptions
    place: ConnectionOptions
    outputs: tuple[Output, ...]
    prices: str | None
    traffic: str | None
    yes: bool
    quiet: bool

    @property
    def refs(self) -> tuple[FunctionRef, ...]:
        """The functions to measure, then those to measure beside them."""
        return tuple(map(FunctionRef.parse, (*(self.subject.run or ()), *(self.against.baseline_run or ()))))

    @property
    def region(self) -> str | None:
        """The one region that they are in, as far as the command line tells.

        Raises:
            UsageError: it tells of several.
        """
        region = self.place.region
        for ref in self.refs:
            region = region_of(ref, region)
        return region

    @property
    def folder(self) -> Path:
        """Whose configuration file holds: that of local code, else the current one."""
        folder = None if self.subject.local is None else parse_folder(self.subject.local)
        return Path() if folder is None else folder.path

    def options(self, environment: Mapping[str, str]) -> GateOptions:
        """The options of the gate, with those of the configuration file and of the environment.

        Raises:
            UsageError: a value that is not what its option takes.
        """
        against, judging = self.against, self.judging
        given: dict[str, Any] = {
            **groups.given(self.limits),
            "budgets": judging.budget,
            "max_regression": judging.max_regression,
            "min_effect": _noise(judging.min_effect),
            "on_inconclusive": judging.on_inconclusive,
            "functions": judging.functions,
            "baseline": against.baseline,
            "baseline_branch": against.baseline_branch,
            "memory": self.subject.memory,
            "invocations_per_month": self.traffic,
        }
        return load_gate(self.folder, environment, given)

    def rules(self, options: GateOptions) -> Rules:
        """What the gate judges by.

        Raises:
            UsageError: a budget or tolerance that does not parse; or there is nothing to judge by.
        """
        rules = rules_of(options)
        beside = self.against.baseline_run or self.against.baseline_ref
        stored = options.baseline is not None and self.subject.local is None
        if not (rules.budgets or beside or stored):
            raise UsageError(
                "there is nothing to check: no budget and no baseline",
                hint="give a --budget such as 'p(95)<300ms'; or --baseline, --baseline-run or --baseline-ref",
            )
        return rules


def check_request(request: GateRequest) -> None:
    """Refuse what cannot be meant.

    Raises:
        UsageError: no candidate or several kinds; options that do not go together; nobody there to be asked.
    """
    subject, against = request.subject, request.against
    kinds = [("results files", request.files), ("--run", subject.run), ("--local", subject.local)]
    given = [name for name, value in kinds if value]
    if len(given) != 1:
        what = "no candidate" if not given else f"{' and '.join(given)} are different kinds of candidates"
        raise UsageError(
            what, hint="give results files, or --run my-function:alias, or --local path/to/app.py:handler"
        )
    _check_files(request)
    _refuse_without("--baseline-run", against.baseline_run, "--run", subject.run)
    _refuse_without("--baseline-ref", against.baseline_ref, "--local", subject.local)
    _refuse_both("--baseline", against.baseline, "--baseline-run", against.baseline_run)
    if subject.local and against.baseline:
        raise UsageError(
            "--local is not compared with --baseline: durations of this machine mean nothing beside those of another "
            "day or machine",
            hint="measure both now, side by side: --baseline-ref main",
        )
    pairs = len(against.baseline_run or ())
    if pairs not in (0, len(subject.run or ())):
        raise UsageError(
            f"{len(subject.run or ())} --run and {pairs} --baseline-run do not make pairs",
            hint="give one --baseline-run for each --run, in the same order",
        )
    if request.keeping.save_baseline and subject.local:
        raise UsageError("--save-baseline is not for --local", hint="compare with a commit: --baseline-ref main")
    if subject.run and not (request.yes or on_terminal()):
        raise UsageError(
            f"no terminal to ask on before measuring {' and '.join(subject.run)} on AWS",
            hint="add --yes to measure without being asked",
        )


def check_keeping(request: GateRequest, options: GateOptions) -> None:
    """See that there is a place to keep the next baseline in, if it is to be kept.

    Raises:
        UsageError: there is none.
    """
    if request.keeping.save_baseline and (options.baseline is None or options.baseline.endswith(RESULTS)):
        raise UsageError(
            "--save-baseline keeps baselines in a folder or in S3, and --baseline names none",
            hint="--baseline baselines/, or --baseline s3://bucket/prefix/",
        )


def _check_files(request: GateRequest) -> None:
    """See that files are candidates, and that none of them is overwritten."""
    if request.files:
        for name, value in groups.given(request.subject).items():
            if value:
                raise UsageError(
                    f"--{name.replace('_', '-')} is for what is measured now, and not for {request.files[0]}",
                    hint="leave it out, or measure with --run or --local",
                )
    read: Sequence[str | None] = (*request.files, request.against.baseline, request.prices)
    refuse_overwriting([output.path for output in request.outputs], read)


def _refuse_without(name: str, value: object, needed: str, given: object) -> None:
    if value and not given:
        raise UsageError(f"{name} is measured beside {needed}, which is not given", hint=f"give {needed} as well")


def _refuse_both(name: str, value: object, other: str, given: object) -> None:
    if value and given:
        raise UsageError(f"{name} and {other} are two baselines", hint="leave one of them out")


def _noise(text: str | None) -> str | None:
    """What --min-effect says; of a file that `gate calibrate` wrote, what it has measured."""
    if text is None or not text.endswith(_CALIBRATION):
        return text
    try:
        found = parse_calibration(Path(text).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {text!r}: {error.strerror}", hint="check --min-effect") from None
    except UsageError as error:
        raise UsageError(f"{text!r}: {error.message}", hint=error.hint) from None
    return ",".join(f"{metric}={100 * share:.6g}%" for metric, share in found.min_effect.items())
