"""What has changed from one scan to a later one, and how totals went over many.

A finding that is gone counts as fixed only if the later scan has looked: its place was read, its rule was checked,
what the rule needs could be read of it, and the window was no shorter. A suppressed finding is neither fixed nor new,
and it is new again when its suppression ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from powertune.scan.coverage import Gap
from powertune.scan.evidence import AccountRegion
from powertune.scan.finding import Finding, MonthlySaving
from powertune.scan.rule import Need
from powertune.scan.scan import FunctionLine, Scan
from powertune.scan.totals import grouped, totals_of

#: A saving has changed if it differs by more than both, a share of what it was and an amount of the currency.
_SHARE, _AMOUNT = 0.1, 1.0
_NEEDS = frozenset(map(str, Need))
#: How many earlier scans make the history of one. They are looked for among more, which may be of other places.
HISTORY, LOOK_BACK = 12, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFinding:
    """A finding that is about more or less money than before, or of another severity."""

    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanChanges:
    """What is different since an earlier scan, made at `since`, in seconds since the epoch.

    `unseen` are findings of then that this scan does not have, and did not look for everywhere; `appeared` and
    `vanished` the functions that were created and deleted.
    """

    since: float
    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    unseen: tuple[Finding, ...] = ()
    changed: tuple[ChangedFinding, ...] = ()
    appeared: tuple[FunctionLine, ...] = ()
    vanished: tuple[FunctionLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The totals of one scan in one currency. `due` is what had to be paid for 30 days, after the free tier."""

    scanned_at: float
    currency: str
    functions: int
    findings: int
    due: float
    saving: MonthlySaving


def comparable(scan: Scan, earlier: Sequence[Scan]) -> tuple[Scan, ...]:
    """Of the scans before one, the newest that went through the same places: the totals of others say nothing."""
    wanted = {each.place for each in scan.places}
    return tuple(each for each in earlier if {costed.place for costed in each.places} == wanted)[-HISTORY:]


def changes_between(earlier: Scan, later: Scan) -> ScanChanges:
    """What is different in the later scan."""
    before, after = _by_key(earlier.findings), _by_key(later.findings)
    suppressed = {each.finding.key for each in later.suppressed}
    looked, looked_before = _Looked(earlier, later), _Looked(later, earlier)
    new: list[Finding] = []
    gone: list[Finding] = []
    changed: list[ChangedFinding] = []
    for key in dict.fromkeys((*before, *after)):
        for was, now in zip_longest(before.get(key, ()), after.get(key, ())):
            if was is None:
                new.append(now)
            elif now is None:
                gone.append(was)
            elif _differs(was, now):
                changed.append(ChangedFinding(before=was, after=now))
    gone = [finding for finding in gone if finding.key not in suppressed]
    known = {line.arn for line in earlier.functions}
    left = {line.arn for line in later.functions}
    return ScanChanges(
        since=earlier.scanned_at,
        new=tuple(new),
        fixed=tuple(finding for finding in gone if looked.at_finding(finding)),
        unseen=tuple(finding for finding in gone if not looked.at_finding(finding)),
        changed=tuple(changed),
        # What the earlier scan could not list may have been there already.
        appeared=tuple(
            line for line in later.functions if line.arn not in known and looked_before.at_place(line.place)
        ),
        vanished=tuple(line for line in earlier.functions if line.arn not in left and looked.at_place(line.place)),
    )


def trend_of(scans: Iterable[Scan]) -> tuple[TrendPoint, ...]:
    """The totals of each scan in each currency, in the order of time."""
    return tuple(
        TrendPoint(
            scanned_at=scan.scanned_at,
            currency=totals.currency,
            functions=totals.functions,
            findings=totals.findings,
            due=totals.due,
            saving=totals.saving,
        )
        for scan in sorted(scans, key=lambda scan: scan.scanned_at)
        for totals in totals_of(scan)
    )


class _Looked:
    """Whether a scan has looked for what another one knows."""

    def __init__(self, known: Scan, scan: Scan) -> None:
        self._places = {each.place for each in scan.places}
        self._needs = {rule.id: frozenset(rule.needs) for rule in scan.rules}
        self._gaps = grouped(scan.gaps, lambda gap: gap.place)
        self._long_enough = scan.days >= known.days

    def at_place(self, place: AccountRegion) -> bool:
        """Whether all functions of a place were listed."""
        return place in self._places and not any(
            gap.what not in _NEEDS and not gap.subjects for gap in self._gaps.get(place, ())
        )

    def at_finding(self, finding: Finding) -> bool:
        """Whether the rule would have found it again."""
        needs = self._needs.get(finding.rule)
        return (
            self._long_enough
            and needs is not None
            and finding.place in self._places
            and not any(_hides(gap, finding, needs) for gap in self._gaps.get(finding.place, ()))
        )


def _hides(gap: Gap, finding: Finding, needs: frozenset[str]) -> bool:
    """Whether a finding cannot be made because of a gap. What is no need of some rules is one of all."""
    about = not gap.subjects or finding.subject in gap.subjects or finding.name in gap.subjects
    return about and (gap.what in needs or gap.what not in _NEEDS)


def _by_key(findings: Iterable[Finding]) -> dict[tuple[str, str, str, str], Sequence[Finding]]:
    """Findings by what makes them the same; a rule may find several things about one subject."""
    return {**grouped(findings, lambda finding: finding.key)}


def _differs(was: Finding, now: Finding) -> bool:
    before, after = (0.0 if each.saving is None else each.saving.expected for each in (was, now))
    difference = abs(after - before)
    return was.severity is not now.severity or (difference > _SHARE * abs(before) and difference > _AMOUNT)
