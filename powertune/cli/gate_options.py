"""The options of `powertune gate` and of the commands below it, in groups."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from powertune.cli import groups
from powertune.cli import options as common


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectOptions:
    """What is measured now, instead of results files."""

    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            metavar="FUNCTION",
            help="Measure this function on AWS now: name, name:alias or ARN; one --run for each.",
        ),
    ] = None
    local: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Measure this code on this machine, without AWS: path/to/app.py:handler or ./folder."
        ),
    ] = None
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            "-m",
            help="current: the function as it is, without any change to it; or sizes in MB, such as 512,1024.  "
            "[default: current]",
            show_default=False,
        ),
    ] = None
    payload: common.Payload = None
    allowed_errors: common.AllowedErrors = None
    concurrency: Annotated[
        str | None,
        typer.Option(
            help="Most invocations at one time.  [default: 80 for each side, as far as production leaves them]",
            show_default=False,
        ),
    ] = None

    @property
    def for_runs(self) -> dict[str, Any]:
        """The options that a run takes as well."""
        return groups.given(self) | {"run": None, "local": None, "memory": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineOptions:
    """What the candidate is compared with."""

    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Compare with a results file, or with the last baseline in a folder or at s3://bucket/prefix/.",
        ),
    ] = None
    baseline_branch: Annotated[
        str | None,
        typer.Option(help="Branch whose last baseline is meant.  [default: main]", show_default=False),
    ] = None
    baseline_run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FUNCTION", help="With --run: compare with this function, measured side by side; one for each."
        ),
    ] = None
    baseline_ref: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="With --local: compare with the code at this branch, tag or commit, measured side by side.",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingOptions:
    """What makes a build fail."""

    budget: Annotated[
        list[str] | None,
        typer.Option(
            help="Budget such as 'p(95)<300ms', 'avg<120ms', 'cost<5usd/1M', 'init.p(95)<800ms', 'max_memory<80%' or "
            "'package_size<50MB'; one --budget for each."
        ),
    ] = None
    max_regression: Annotated[
        str | None,
        typer.Option(
            help="How much worse than the baseline each metric may be.  "
            "[default: duration=5%,cost=5%,init=10%,max_memory=5%,package_size=5%]",
            show_default=False,
        ),
    ] = None
    min_effect: Annotated[
        str | None,
        typer.Option(
            help="Changes that are never told from noise, such as duration=2%; or the file of `gate calibrate`."
        ),
    ] = None
    on_inconclusive: Annotated[
        str | None,
        typer.Option(
            help="What becomes of a build that the samples do not decide: pass, warn or fail (exit code 8).  "
            "[default: fail]",
            show_default=False,
        ),
    ] = None
    functions: Annotated[
        str | None,
        typer.Option(
            help="How many functions the suite has, if they are gated one by one: they share its error rate.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimitOptions:
    """How much may be measured."""

    max_invocations: Annotated[
        str | None,
        typer.Option(
            help="Most invocations of all functions and sides.  [default: 1680 for each side; 840 with --local]",
            show_default=False,
        ),
    ] = None
    max_spend: Annotated[
        str | None,
        typer.Option(help="Stop before more than this is spent, in USD.  [default: 1.00]", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKeepingOptions:
    """What is kept of what was measured."""

    save: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder for the results files of what is measured.  [default: powertune-results]",
            show_default=False,
        ),
    ] = None
    save_baseline: Annotated[
        bool,
        typer.Option(
            "--save-baseline",
            help="If the gate passes, keep the candidate as the next baseline in the --baseline folder.",
        ),
    ] = False
