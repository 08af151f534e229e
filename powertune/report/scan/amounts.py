"""Amounts of money for 30 days, with their ranges, as every report of a scan writes them."""

from powertune.scan.finding import MonthlySaving
from powertune.units import format_usd

#: Amounts below half a cent are shown as less than one.
_LEAST_SHOWN = 0.005


def monthly(amount: float, currency: str) -> str:
    """An amount of money for 30 days: nobody looks for parts of a cent there."""
    if 0 < abs(amount) < _LEAST_SHOWN:
        return format_usd(0.0, currency) if amount < 0 else f"<{format_usd(0.01, currency)}"
    return format_usd(round(amount, 2), currency)


def interval_words(saving: MonthlySaving, currency: str) -> str:
    """`[$1.00, $2.30]`; empty where the amount is exact, to the cent."""
    low, high = (monthly(end, currency) for end in (saving.low, saving.high))
    return "" if low == high else f"[{low}, {high}]"


def saving_with_interval(saving: MonthlySaving, currency: str) -> str:
    """`$1.50 [$1.00, $2.30]`."""
    return " ".join(filter(None, (monthly(saving.expected, currency), interval_words(saving, currency))))
