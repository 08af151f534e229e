"""What reports say of the totals of a scan: the headline, a sentence for each currency, and the groups."""

from collections.abc import Callable
from dataclasses import dataclass

from powertune.report.scan.amounts import monthly, saving_with_interval
from powertune.scan.finding import MonthlySaving
from powertune.scan.scan import Payer, Scan
from powertune.scan.totals import CurrencyTotals, GroupTotal
from powertune.units import format_share, plural

#: What a saving by rule is, as it does not add up.
OVERLAP = (
    "A saving by rule is what following that rule alone would save. Findings about one function overlap, "
    "so these may add up to more than the total."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupText:
    """The totals of a rule, an account or a region, written out; `cost` is empty for a rule.

    `saves` is whether following its findings would save anything.
    """

    name: str
    findings: str
    saving: str
    cost: str
    saves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsText:
    """The totals in one currency, written out: by rule, by account and by region, only groups that have something.

    `cost_heading` says what the costs of groups are: they are before the free tier.
    """

    currency: str
    sentence: str
    cost_heading: str
    by_rule: tuple[GroupText, ...]
    by_account: tuple[GroupText, ...]
    by_region: tuple[GroupText, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[GroupText, ...]], ...]:
        """Each with its heading."""
        return ("by rule", self.by_rule), ("by account", self.by_account), ("by region", self.by_region)

    @property
    def saving_groups(self) -> tuple[tuple[str, tuple[GroupText, ...]], ...]:
        """Each with its heading, without rules that would save nothing: their findings say all there is."""
        return tuple(
            (heading, tuple(group for group in groups if group.saves or group.cost))
            for heading, groups in self.groups
        )


def write_totals(totals: tuple[CurrencyTotals, ...], payer: Payer) -> tuple[TotalsText, ...]:
    """The totals of each currency."""
    return tuple(_totals(each, payer) for each in totals)


def write_headline(scan: Scan, totals: tuple[CurrencyTotals, ...]) -> str:
    """One sentence: how many findings there are about how many functions, and what they are expected to save.

    With one currency, it says how much of that has to be measured first. Ranges are left to the sentence of totals.
    """
    if not scan.findings:
        nothing = f"No findings about {plural(len(scan.functions), 'function')}."
        return f"{nothing} But not everything could be read." if scan.gaps else nothing
    found = f"{plural(len(scan.findings), 'finding')} about {functions_found(totals)}"
    saving = [each for each in totals if each.saving.expected > 0]
    if not saving:
        return f"{found}; no saving was found."
    amounts = " and ".join(monthly(each.saving.expected, each.currency) for each in saving)
    split = f": {_split(saving[0], _expected)}" if len(saving) == 1 else ""
    return f"{found} could save {amounts} a month{split}."


def _expected(saving: MonthlySaving, currency: str) -> str:
    return monthly(saving.expected, currency)


def _split(totals: CurrencyTotals, write: Callable[[MonthlySaving, str], str]) -> str:
    """How much of a saving follows from counts and prices, and how much has to be measured first."""
    counted, measured = totals.counted, totals.to_measure
    if measured.expected <= 0:
        return "it follows from counts and prices"
    if counted.expected <= 0:
        return "it has to be measured first"
    return (
        f"{write(counted, totals.currency)} follows from counts and prices, and "
        f"{write(measured, totals.currency)} has to be measured first"
    )


def functions_found(totals: tuple[CurrencyTotals, ...]) -> str:
    """How many functions findings are about: `11 of 15 functions`, or `15 functions` if all of them."""
    found, there_are = sum(each.functions_found for each in totals), sum(each.functions for each in totals)
    functions = plural(there_are, "function")
    return functions if found == there_are else f"{f'{found:,}' if found else 'none'} of {functions}"


def _totals(totals: CurrencyTotals, payer: Payer) -> TotalsText:
    currency, before = totals.currency, bool(totals.free_tier) or payer is Payer.UNKNOWN
    cost = f"{plural(totals.functions, 'function')} cost {monthly(totals.due, currency)} a month"
    if totals.free_tier:
        cost += f" after {monthly(totals.free_tier, currency)} of free tier"
    elif payer is Payer.UNKNOWN:
        cost += " before the free tier"
    if totals.unpriced:
        cost += f" (the cost of {totals.unpriced:,} is not known)"
    saved = totals.saving.expected
    share = f", {format_share(saved / totals.due)} of it" if 0 < saved <= totals.due else ""
    found = plural(totals.findings, "finding")
    could = f"could save {saving_with_interval(totals.saving, currency)}{share}" if saved > 0 else "without a saving"
    saving = f"{found} {could}"
    parts = _split(totals, saving_with_interval) if saved > 0 else ""
    more = f" {parts[0].upper()}{parts[1:]}." if parts else ""
    return TotalsText(
        currency=currency,
        sentence=f"{cost}; {saving}.{more}",
        cost_heading="cost before the free tier" if before else "cost a month",
        by_rule=_groups(totals.by_rule, currency),
        by_account=_groups(totals.by_account, currency),
        by_region=_groups(totals.by_region, currency),
    )


def _groups(groups: tuple[GroupTotal, ...], currency: str) -> tuple[GroupText, ...]:
    return tuple(
        GroupText(
            name=group.name,
            findings=f"{group.findings:,}",
            saving=monthly(group.saving.expected, currency),
            cost="" if group.cost is None else monthly(group.cost, currency),
            saves=group.saving.expected > 0,
        )
        for group in groups
        if group.findings or group.cost
    )
