"""What becomes of a scan: it is kept, compared with those before it, shown, and held against conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.connection import Connection, connect
from powertune.aws.cost_explorer import REQUEST_USD, read_bill
from powertune.aws.identity import ConnectionOptions
from powertune.aws.objects import Objects, parse_uri
from powertune.cli.console import say, write_stdout
from powertune.cli.rendering import show
from powertune.cli.scanning import FoundScan, Reached, ScanWishes
from powertune.engine.scanning.archive import EarlierScans, ScanArchive, archive_at
from powertune.engine.scanning.counting import estimate_places
from powertune.errors import FindingsFound, NotFound, PowertuneError, UsageError
from powertune.report import SCAN
from powertune.report.scan.reported import ReportedScan
from powertune.scan.fail_conditions import check_currencies, failed
from powertune.scan.history import LOOK_BACK, comparable
from powertune.scan.reconciling import Reconciled, estimates_of, reconcile
from powertune.scan.scan import Scan
from powertune.scan.scan_document import parse_scan
from powertune.scan.scan_estimate import PlaceEstimate
from powertune.scan.totals import totals_of
from powertune.units import format_share, format_usd, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenArchive:
    """Where the scan will be kept, and the scans that are there."""

    archive: ScanArchive
    earlier: EarlierScans


def open_archive(connection: Connection, wishes: ScanWishes) -> OpenArchive:
    """Find the scans of before: what takes hours is not begun if its place cannot be reached.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the place of the scans cannot be read.
    """
    archive = archive_at(wishes.scans, lambda name: Objects(aws=connection.aws(), bucket=name))
    earlier = archive.earlier(LOOK_BACK, before=wishes.questions.occasion.now)
    for skipped in earlier.skipped:
        say(f"warning: {skipped}")
    return OpenArchive(archive=archive, earlier=earlier)


def show_and_keep(
    found: FoundScan, kept: OpenArchive, connection: Connection, wishes: ScanWishes
) -> PowertuneError | None:
    """Keep a scan and show it; returns the failure that the command ends with, if --fail-on asks for one.

    The places stay where they are if the scan cannot be kept: it may have taken hours.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: it cannot be kept, or not be written as asked.
    """
    scan = found.scan
    earlier = comparable(scan, kept.earlier.scans)
    try:
        where = kept.archive.save(scan)
    except PowertuneError:
        say(f"the scan was not kept; what was read is in {found.folder}: with --resume it is not read again")
        _show(scan, earlier, wishes)
        raise
    found.places.forget()
    if not wishes.quiet:
        say(f"kept {where}")
    _show(scan, earlier, wishes)
    if wishes.reconcile:
        _reconcile(scan, connection)
    return _failure(scan, wishes)


def show_kept(place: str, connection: ConnectionOptions, wishes: ScanWishes) -> None:
    """Show a scan that was kept: a file, or the newest one in a folder or a bucket, with those before it.

    Raises:
        FindingsFound: --fail-on says so.
        NotFound: there is none.
        UsageError: it cannot be read, or not be written as asked.
    """
    if not place.startswith("s3://"):
        scan, earlier = _kept_here(Path(place))
    else:
        with connect(connection) as there:
            scan, earlier = _kept_in_s3(there.aws(), place)
    _show(scan, earlier, wishes)
    failure = _failure(scan, wishes)
    if failure is not None:
        raise failure


def show_estimate(reached: Reached, wishes: ScanWishes) -> None:
    """Print what a scan would read and cost."""
    questions = wishes.questions
    estimates = estimate_places(reached.targets.places, questions.prices, threads=questions.options.parallel)
    lines = [*map(_estimate_line, estimates), *(f"{gap.place}: {gap.reason}" for gap in reached.targets.gaps)]
    functions = plural(sum(each.functions or 0 for each in estimates), "function")
    lines.append(
        f"in all {plural(len(estimates), 'place')} with {functions}: metrics for about "
        f"{format_usd(sum(each.usd for each in estimates))}, and Logs Insights for at most "
        f"{format_usd(questions.options.max_spend)} (--max-spend)"
    )
    write_stdout("".join(f"{line}\n" for line in lines).encode())


def check_shown(given: Mapping[str, Any]) -> None:
    """See that what is asked of a kept scan can be answered without asking AWS again.

    Raises:
        UsageError: an option is about reading AWS.
    """
    named = [name for name, value in given.items() if value]
    if named:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        raise UsageError(f"--from shows a scan that was made before: {options} cannot apply", hint="leave it out")


def _kept_in_s3(aws: Aws, place: str) -> tuple[Scan, tuple[Scan, ...]]:
    """One object, or the newest scan below a prefix, with those before it."""
    folder, _, name = place.rpartition("/")
    if not name.endswith(".json"):
        return _newest(archive_at(place, lambda bucket: Objects(aws=aws, bucket=bucket)), place)
    bucket, key = parse_uri(place)
    scan = parse_scan(Objects(aws=aws, bucket=bucket).read(key))
    archive = archive_at(folder, lambda bucket: Objects(aws=aws, bucket=bucket))
    return scan, comparable(scan, archive.earlier(LOOK_BACK, before=scan.scanned_at).scans)


def _kept_here(path: Path) -> tuple[Scan, tuple[Scan, ...]]:
    if path.is_dir():
        return _newest(archive_at(str(path), _no_bucket), str(path))
    try:
        scan = parse_scan(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"no scan {str(path)!r}", hint="name a file or folder of `powertune scan`") from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}", hint="check its permissions") from None
    earlier = archive_at(str(path.parent), _no_bucket).earlier(LOOK_BACK, before=scan.scanned_at)
    return scan, comparable(scan, earlier.scans)


def _no_bucket(name: str) -> Objects:
    raise AssertionError(f"{name} is in no bucket")


def _newest(archive: ScanArchive, place: str) -> tuple[Scan, tuple[Scan, ...]]:
    found = archive.earlier(LOOK_BACK)
    for skipped in found.skipped:
        say(f"warning: {skipped}")
    if not found.scans:
        raise NotFound(f"there is no scan in {place}", hint="`powertune scan --scans` keeps scans in a place")
    *earlier, scan = found.scans
    return scan, comparable(scan, earlier)


def _show(scan: Scan, earlier: Sequence[Scan], wishes: ScanWishes) -> None:
    reported = ReportedScan(scan=scan, earlier=tuple(earlier), most_findings=wishes.questions.options.top)
    show(SCAN, reported, wishes.outputs, quiet=wishes.quiet)


def _failure(scan: Scan, wishes: ScanWishes) -> PowertuneError | None:
    savings = {each.currency: each.saving.expected for each in totals_of(scan)}
    conditions = wishes.questions.conditions
    check_currencies(conditions, savings)
    reasons = failed(conditions, scan.findings, savings)
    if reasons:
        return FindingsFound("; ".join(reasons), hint="--fail-on asks for this exit code")
    if conditions and (unread := sum(gap.what == "" for gap in scan.gaps)):
        say(f"warning: --fail-on may have missed something: {plural(unread, 'place')} could not be read")
    return None


def _estimate_line(estimate: PlaceEstimate) -> str:
    if estimate.functions is None:
        return f"{estimate.place}: its functions could not be counted"
    listing, asking = plural(estimate.listing_calls, "call"), plural(estimate.metric_calls, "call")
    return (
        f"{estimate.place}: {plural(estimate.functions, 'function')}, {listing} to list them, "
        f"about {asking} for {plural(estimate.metrics, 'metric')}"
    )


def _reconcile(scan: Scan, connection: Connection) -> None:
    """Print the estimate beside the bill; a bill that cannot be read is no reason to lose the scan."""
    try:
        bills, requests = read_bill(connection.aws(), days=round(scan.days), now=scan.scanned_at)
    except PowertuneError as error:
        say(f"warning: the estimate was not compared with the bill: {error.message}")
        return
    lines = [_reconciled_line(each) for each in reconcile(estimates_of(scan), bills)]
    for line in lines:
        say(line)
    if lines:
        say("these estimates are before the free tier, Savings Plans and credits")
    else:
        say("Cost Explorer knows no cost of Lambda in these days")
    say(f"Cost Explorer charges {format_usd(requests * REQUEST_USD)} for {plural(requests, 'request')}")


def _reconciled_line(each: Reconciled) -> str:
    estimated, billed = (format_usd(amount, each.currency) for amount in (each.estimated, each.billed))
    said = f"{each.account_id} {each.region}: estimated {estimated} for 30 days, billed {billed}"
    if each.share is None:
        return said
    return f"{said}: the estimate is {format_share(abs(each.share))} too {'high' if each.share > 0 else 'low'}"
