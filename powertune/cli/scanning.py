"""The steps of a scan at a terminal: what was asked for, the way into accounts, and reading them."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune import __version__
from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.reaching import AwsAccounts, RoleOptions
from powertune.aws.regions import known_regions
from powertune.aws.roles import SCAN_ROLE
from powertune.cli.console import say
from powertune.cli.outputs import Output
from powertune.cli.scan_progress import ScanProgress
from powertune.cli.sources import load_prices
from powertune.config.accounts import EXTERNAL_ID, ROLE, read_accounts
from powertune.config.options import RESULTS_FOLDER
from powertune.config.region_option import parse_regions
from powertune.config.scan_options import ScanOptions, load_scan
from powertune.engine.deployment.stack_parameters import parse_tags
from powertune.engine.scanning.earlier_runs import read_earlier_runs
from powertune.engine.scanning.kept_places import PLACES, PlaceFolder
from powertune.engine.scanning.logs_budget import LogsBudget
from powertune.engine.scanning.many import PlacesScan, ScannedPlaces, check_read
from powertune.engine.scanning.place_questions import PlaceQuestions, lookup, needs_of
from powertune.engine.scanning.targets import ScanScope, ScanTargets, find_targets
from powertune.errors import Interrupted, PowertuneError, UsageError
from powertune.prices import PriceTable
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.coverage import ScannedPlace
from powertune.scan.fail_conditions import FailCondition, parse_fail_on
from powertune.scan.rule_table import RULES
from powertune.scan.scan import Payer, Scan
from powertune.scan.suppressions import Suppression, expiry_messages, parse_suppressions, unused_messages
from powertune.units import plural, shown

#: The folder of the places of a scan that is under way, in the folder where scans are kept on this machine.
_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanQuestions:
    """What is asked everywhere, and what is done with the answers."""

    options: ScanOptions
    occasion: ScanOccasion
    prices: PriceTable
    suppressions: tuple[Suppression, ...]
    conditions: tuple[FailCondition, ...]
    results_folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWishes:
    """What a person wants of a scan. `scans` is where scans are kept."""

    questions: ScanQuestions
    outputs: tuple[Output, ...]
    scans: str
    quiet: bool = False
    reconcile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedScope:
    """Where to scan, and how roles are assumed there."""

    scope: ScanScope
    roles: RoleOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The places of a scan, with the identity of the person who scans, and its account."""

    connection: Connection
    account_id: str
    targets: ScanTargets
    payer: Payer


def ask_for(given: Mapping[str, Any], *, prices: str | None, results_folder: str | None) -> ScanQuestions:
    """What is asked, from the command line and the configuration file.

    Raises:
        UsageError: an option, a suppression or a condition is wrong.
    """
    options = load_scan(Path(), given)
    rules = [rule.id for rule in RULES]
    occasion = ScanOccasion(now=time.time(), days=options.days, tool_version=__version__)
    suppressions = parse_suppressions(options.suppress, rules)
    for message in expiry_messages(suppressions, occasion.today):
        say(f"note: {message}")
    return ScanQuestions(
        options=options,
        occasion=occasion,
        prices=load_prices(Path(prices) if prices else None),
        suppressions=suppressions,
        conditions=tuple(parse_fail_on(text, rules) for text in options.fail_on),
        results_folder=Path(results_folder) if results_folder else RESULTS_FOLDER,
    )


def scope_of(
    *,
    regions: str | None = None,
    accounts: str | None = None,
    organization: bool = False,
    role: str | None = None,
    external_id: str | None = None,
    session_tag: list[str] | None = None,
) -> WantedScope:
    """Where to scan.

    Raises:
        UsageError: an option is wrong, or the accounts file cannot be read.
    """
    names = known_regions()
    if organization and accounts:
        raise UsageError("scan either --organization or --accounts", hint="leave one of them out")
    if role is not None and not ROLE.fullmatch(role):
        raise UsageError(f"--role {shown(role)} is not the name or ARN of a role", hint=f"for example {SCAN_ROLE}")
    if external_id is not None and not EXTERNAL_ID.fullmatch(external_id):
        raise UsageError(f"--external-id {shown(external_id)} is not an external ID", hint="as the role asks for it")
    if (role or external_id or session_tag) and not (accounts or organization):
        raise UsageError(
            "--role, --external-id and --session-tag are about other accounts",
            hint="add --organization, or --accounts FILE",
        )
    tags = tuple(parse_tags(session_tag or (), "--session-tag").items())
    if role is not None and role.startswith("arn:") and organization:
        raise UsageError(
            f"--role {shown(role)} is a role of one account", hint="give its name, which is the same in all accounts"
        )
    return WantedScope(
        scope=ScanScope(
            regions=None if regions is None else parse_regions("--regions", regions, names),
            accounts=read_accounts(Path(accounts), names) if accounts else (),
            organization=organization,
        ),
        roles=RoleOptions(role=role or SCAN_ROLE, external_id=external_id, tags=tags),
    )


@contextmanager
def reaching(place: ConnectionOptions, wanted: WantedScope) -> Iterator[Reached]:
    """Find the places to scan, and keep the identity as long as the block lasts.

    Raises:
        AccessDenied, IdentityError, UsageError: the accounts cannot be found.
    """
    with connect(place) as connection:
        way_in = AwsAccounts(connection, wanted.roles)
        targets = find_targets(wanted.scope, way_in)
        yield Reached(connection=connection, account_id=way_in.own_id, targets=targets, payer=wanted.scope.payer)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundScan:
    """A scan, what was read for it, and the folder with its places, which is there until the scan is kept."""

    scan: Scan
    read: tuple[ScannedPlace, ...]
    folder: Path
    places: PlaceFolder


def scan_places(reached: Reached, wishes: ScanWishes, *, resume: str | None) -> FoundScan:
    """Read all places, and judge them. Each is kept as soon as it is read.

    Raises:
        AccessDenied, Unavailable: nothing could be read anywhere.
        Interrupted: by the person; what was read is kept.
        UsageError: there is nothing to scan, or places cannot be kept.
    """
    questions, targets = wishes.questions, reached.targets
    if resume is not None and not (Path(resume) / PLACES).is_dir():
        raise UsageError(
            f"there is no interrupted scan in {resume!r} to resume", hint="name the folder that was printed"
        )
    if not targets.places:
        check_read((), targets.gaps)
    folder = Path(resume) if resume else _local_folder(wishes.scans) / f"{_UNFINISHED}-{secrets.token_hex(4)}"
    keeping = PlaceFolder(
        folder,
        days=questions.options.days,
        clock=time.time,
        prices=lookup(questions.prices),
        asked=(*map(str, needs_of(RULES)), *_limits(questions.options)),
    )
    keeping.prepare()
    go_on = f"to go on, run the same command with --resume {folder}"
    try:
        read = _read_places(questions, targets, keeping, quiet=wishes.quiet)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; the places that are done are kept", hint=go_on) from None
    except PowertuneError:
        say(f"the places that are done are kept; {go_on}")
        raise
    if read.left:
        message = f"interrupted; {len(read.places)} of {plural(len(targets.places), 'place')} were read"
        raise Interrupted(message, hint=go_on)
    try:
        check_read(read.places, targets.gaps)
    except PowertuneError:
        keeping.forget()
        raise
    scan = conclude(
        read.places,
        questions.occasion,
        gaps=targets.gaps,
        suppressions=questions.suppressions,
        payer=reached.payer,
    )
    for message in unused_messages(questions.suppressions, scan.suppressed, questions.occasion.today):
        say(f"note: {message}")
    return FoundScan(scan=scan, read=read.places, folder=folder, places=keeping)


def _limits(options: ScanOptions) -> tuple[str, ...]:
    """What limits how much is asked: places that were read within other limits do not hold."""
    return (f"max-spend {options.max_spend:g}", f"per-function-calls {options.per_function_calls}")


def _read_places(
    questions: ScanQuestions, targets: ScanTargets, keeping: PlaceFolder, *, quiet: bool
) -> ScannedPlaces:
    """Read all places; Ctrl-C leaves some out, and a second one insists."""
    with ScanProgress(len(targets.places), quiet=quiet) as progress:
        return PlacesScan(
            read=_questions(questions, len(targets.places), progress).ask,
            days=questions.options.days,
            clock=time.time,
            keeping=keeping,
            observer=progress,
            threads=questions.options.parallel,
        ).go(targets.places)


def _questions(questions: ScanQuestions, places: int, progress: ScanProgress) -> PlaceQuestions:
    """The questions for each place."""
    options = questions.options
    return PlaceQuestions(
        days=options.days,
        now=questions.occasion.now,
        needs=needs_of(RULES),
        prices=questions.prices,
        budget=LogsBudget(options.max_spend, slots=min(places, options.parallel)),
        per_function_calls=options.per_function_calls,
        rate=options.rate,
        tuned=read_earlier_runs(questions.results_folder, questions.prices),
        observer=progress.asked,
    )


def _local_folder(scans: str) -> Path:
    """Where unfinished scans are kept on this machine, wherever finished ones go."""
    if scans.startswith("s3://"):
        return Path(tempfile.mkdtemp(prefix="powertune-scan-"))
    folder = Path(scans)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{os.fspath(folder)!r} is not a folder", hint="choose another with --scans")
    if not folder.exists():
        try:
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n")
        except OSError as error:
            raise UsageError(
                f"cannot make the folder {os.fspath(folder)!r}: {error.strerror}", hint="choose another with --scans"
            ) from None
    return folder
