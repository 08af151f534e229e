"""What all functions of a scan cost together, and what following its findings would save: nothing is counted twice.

Findings about one function overlap: a smaller memory size and the other architecture both save a part of the same
GB-seconds. So of the rules about the same part of a function's cost only the one that saves most is counted, and all
parts together are at most what the function costs. What the free tier pays for cannot be saved. Ranges are added end
by end, as if all functions erred in the same direction.

What has to be measured first saves nothing at worst, as nobody keeps a change that measures worse. It is told apart
from what follows from counts and prices, and where a bill limits both, it is what gives way.

By account and by region, savings add up to the total. By rule they do not: they say what following that rule alone
would save. Amounts in different currencies are never added.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from powertune.scan.evidence import AccountRegion, MonthlyCost
from powertune.scan.finding import CostPart, Finding, MonthlySaving
from powertune.scan.saving_parts import NO_SAVING, SavingParts, added, all_of, parts_of
from powertune.scan.scan import FunctionLine, Scan

_Item = TypeVar("_Item")
_Key = TypeVar("_Key")
#: The number of parts of the ARN of a function. What follows is a version or an alias.
_ARN_PARTS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """What belongs together: a rule, an account or a region. `key` is its id, `name` what people call it.

    `cost` is at list prices, before the free tier; None for a rule.
    """

    key: str
    name: str
    findings: int
    saving: MonthlySaving
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyTotals:
    """All that is in one currency, for 30 days. `unpriced` counts functions whose cost is not known.

    `functions_found` counts functions that findings are about. `cost` is at list prices, and `free_tier` what the
    free tier takes off that. `counted` follows from counts and prices, and a run has to measure `to_measure` first:
    what is expected of both adds up to what is expected of `saving`. Groups are in the order of savings.
    """

    currency: str
    functions: int
    unpriced: int
    findings: int
    cost: float
    free_tier: float
    saving: MonthlySaving
    counted: MonthlySaving
    to_measure: MonthlySaving
    functions_found: int
    by_rule: tuple[GroupTotal, ...]
    by_account: tuple[GroupTotal, ...]
    by_region: tuple[GroupTotal, ...]

    @property
    def due(self) -> float:
        """What has to be paid."""
        return self.cost - self.free_tier


def totals_of(scan: Scan) -> tuple[CurrencyTotals, ...]:
    """The totals of each currency, in the order of the alphabet; none without places."""
    currencies = {each.place: each.currency for each in scan.places}
    counting = _Counting(scan)
    return tuple(
        _totals(scan, counting, currency, frozenset(place for place, its in currencies.items() if its == currency))
        for currency in sorted(set(currencies.values()), reverse=True)
    )


def savings_by_function(scan: Scan) -> dict[str, MonthlySaving]:
    """What following all findings about a function would save, by its ARN, before the free tier."""
    arns = {line.arn for line in scan.functions}
    saved = _Counting(scan).by_subject(scan.findings)
    return {subject: parts.saving for subject, (_, parts) in saved.items() if subject in arns}


def _totals(scan: Scan, counting: "_Counting", currency: str, places: frozenset[AccountRegion]) -> CurrencyTotals:
    functions = [line for line in scan.functions if line.place in places]
    findings = [finding for finding in scan.findings if finding.place in places]
    by_place = counting.savings(findings)
    by_rule = grouped(findings, lambda finding: finding.rule)
    names = {place.account_id: place.account for place in places}

    def groups(key: Callable[[AccountRegion], str], named: Callable[[str], str]) -> tuple[GroupTotal, ...]:
        lines = grouped(functions, lambda line: key(line.place))
        found = grouped(findings, lambda finding: key(finding.place))
        saved = grouped(by_place.items(), lambda item: key(item[0]))
        return _sorted(
            GroupTotal(
                key=each,
                name=named(each),
                findings=len(found.get(each, ())),
                saving=added(parts.saving for _, parts in saved.get(each, ())),
                cost=sum(_cost(line) for line in lines.get(each, ())),
            )
            for each in {key(place) for place in places}
        )

    whole = all_of(by_place.values())
    return CurrencyTotals(
        currency=currency,
        functions=len(functions),
        unpriced=sum(line.cost is None for line in functions),
        findings=len(findings),
        cost=sum(map(_cost, functions)),
        free_tier=sum(counting.free_tier(account) for account in names),
        saving=whole.saving,
        counted=whole.counted,
        to_measure=whole.to_measure,
        functions_found=counting.functions_found(findings),
        by_rule=_sorted(
            GroupTotal(
                key=rule,
                name=scan.title(rule),
                findings=len(its),
                saving=all_of(counting.savings(its).values()).saving,
            )
            for rule, its in by_rule.items()
        ),
        by_account=groups(lambda place: place.account_id, names.__getitem__),
        by_region=groups(lambda place: place.region, str),
    )


class _Counting:
    """Counts what findings would save, each function's cost and each account's bill at most."""

    def __init__(self, scan: Scan) -> None:
        self._lines = {line.arn: line for line in scan.functions}
        log_groups = grouped(scan.functions, lambda line: (line.place, line.log_group))
        # What several functions write to belongs to none of them.
        self._owners = {key: lines[0] for key, lines in log_groups.items() if key[1] and len(lines) == 1}
        self._costs: dict[str, list[MonthlyCost]] = defaultdict(list)
        for line in scan.functions:
            if line.cost is not None:
                self._costs[line.place.account_id].append(line.cost)
        self._free_tiers = {each.account_id: each.free_tier_usd for each in scan.free_tiers}

    def free_tier(self, account: str) -> float:
        """What the free tier takes off an account's bill: at most what it covers."""
        covered = sum(cost.compute + cost.init + cost.requests for cost in self._costs[account])
        return min(self._free_tiers.get(account, 0.0), covered)

    def functions_found(self, findings: Iterable[Finding]) -> int:
        """How many functions these findings are about, by what belongs to them as well."""
        return len({self._subject(finding) for finding in findings} & self._lines.keys())

    def savings(self, findings: Iterable[Finding]) -> Mapping[AccountRegion, SavingParts]:
        """What following these findings would save in each place."""
        of_functions: dict[AccountRegion, list[SavingParts]] = defaultdict(list)
        of_others: dict[AccountRegion, list[SavingParts]] = defaultdict(list)
        for subject, (place, saving) in self.by_subject(findings).items():
            priced = subject in self._lines and self._lines[subject].cost is not None
            (of_functions if priced else of_others)[place].append(saving)
        capped = self._within_bills({place: all_of(savings) for place, savings in of_functions.items()})
        return {
            place: all_of((capped.get(place, NO_SAVING), *of_others[place]))
            for place in sorted({*capped, *of_others})  # of which the order of additions follows
        }

    def by_subject(self, findings: Iterable[Finding]) -> dict[str, tuple[AccountRegion, SavingParts]]:
        """What following these findings would save of each subject, before the free tier."""
        saved = {}
        with_money = (each for each in findings if each.saving is not None and each.saving.expected > 0)
        for subject, its in grouped(with_money, self._subject).items():
            line = self._lines.get(subject)
            saving = _together(its, None if line is None else line.cost)
            if line is not None and line.cost is not None:
                saving = saving.at_most(line.cost.total)
            saved[subject] = its[0].place, saving
        return saved

    def _within_bills(self, savings: Mapping[AccountRegion, SavingParts]) -> dict[AccountRegion, SavingParts]:
        """Savings, reduced in all regions alike where an account would save more than it has to pay."""
        reduced: dict[AccountRegion, SavingParts] = {}
        for account, items in grouped(savings.items(), lambda item: item[0].account_id).items():
            free_tier = self.free_tier(account)
            due = sum(cost.total for cost in self._costs[account]) - free_tier
            whole = all_of(parts for _, parts in items)
            if not free_tier or whole.saving.high <= due:
                reduced |= dict(items)
                continue
            most = whole.at_most(due)
            reduced |= {place: parts.scaled(whole, most) for place, parts in items}
        return reduced

    def _subject(self, finding: Finding) -> str:
        """The ARN of the function that a finding is about; anything else that is unique where it is about none."""
        arn = ":".join(finding.subject.split(":")[:_ARN_PARTS])
        if arn in self._lines:
            return arn
        owner = self._owners.get((finding.place, finding.subject))
        return owner.arn if owner else f"{finding.place.account_id} {finding.place.region} {finding.subject}"


def _together(findings: Sequence[Finding], cost: MonthlyCost | None) -> SavingParts:
    """What following all findings about one function would save: of each part, by the rule that saves most.

    Provisioned concurrency of several aliases is several things, and is added, up to what all of it costs. It is
    added to deleting the function as well, whose saving leaves out what is reported of provisioned concurrency.
    """
    parts = {part: _by_best_rule(its) for part, its in grouped(findings, lambda finding: finding.part).items()}
    if CostPart.PROVISIONED in parts:
        of_aliases = (each for each in findings if each.part is CostPart.PROVISIONED)
        by_alias = grouped(of_aliases, lambda finding: finding.subject)
        saving = all_of(map(_by_best_rule, by_alias.values()))
        known = cost is not None and "provisioned" not in cost.unpriced
        parts[CostPart.PROVISIONED] = saving.at_most(cost.provisioned) if cost is not None and known else saving
    provisioned, whole = parts.pop(CostPart.PROVISIONED, NO_SAVING), parts.pop(CostPart.WHOLE, NO_SAVING)
    return all_of((provisioned, max(whole, all_of(parts.values()), key=lambda parts: parts.saving.expected)))


def _by_best_rule(findings: Iterable[Finding]) -> SavingParts:
    """What the rule that saves most would save, by all that it has found."""
    return max(
        (all_of(map(parts_of, its)) for its in grouped(findings, lambda finding: finding.rule).values()),
        key=lambda parts: parts.saving.expected,
    )


def _cost(line: FunctionLine) -> float:
    return 0.0 if line.cost is None else line.cost.total


def _sorted(groups: Iterable[GroupTotal]) -> tuple[GroupTotal, ...]:
    return tuple(sorted(groups, key=lambda group: (-group.saving.expected, -(group.cost or 0.0), group.key)))


def grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    """Items by their key, each in the order given."""
    groups: dict[_Key, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
