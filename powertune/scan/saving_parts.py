"""What is saved, and how much of it follows from counts and prices, and how much a run has to measure first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from powertune.scan.finding import Finding, MonthlySaving

NOTHING = MonthlySaving.exactly(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingParts:
    """A saving, and what of it is counted and what has to be measured."""

    saving: MonthlySaving
    counted: MonthlySaving
    to_measure: MonthlySaving

    def at_most(self, most: float) -> "SavingParts":
        """The same, limited: what is counted comes first."""
        counted = _at_most(self.counted, most)
        return SavingParts(
            saving=_at_most(self.saving, most),
            counted=counted,
            to_measure=_at_most(self.to_measure, most - counted.expected),
        )

    def scaled(self, before: "SavingParts", after: "SavingParts") -> "SavingParts":
        """One of several that were `before` together, where together they may only be `after`."""
        return SavingParts(
            saving=_scaled(self.saving, before.saving, after.saving),
            counted=_scaled(self.counted, before.counted, after.counted),
            to_measure=_scaled(self.to_measure, before.to_measure, after.to_measure),
        )


NO_SAVING = SavingParts(saving=NOTHING, counted=NOTHING, to_measure=NOTHING)


def parts_of(finding: Finding) -> SavingParts:
    """What a finding would save. What is measured saves nothing at worst: nobody keeps a change that costs more."""
    saving = finding.saving or NOTHING
    if not finding.measured_first:
        return SavingParts(saving=saving, counted=saving, to_measure=NOTHING)
    kept = replace(saving, low=max(0.0, saving.low))
    return SavingParts(saving=kept, counted=NOTHING, to_measure=kept)


def all_of(each: Iterable[SavingParts]) -> SavingParts:
    """Different things together, end by end."""
    parts = tuple(each)
    return SavingParts(
        saving=added(its.saving for its in parts),
        counted=added(its.counted for its in parts),
        to_measure=added(its.to_measure for its in parts),
    )


def added(savings: Iterable[MonthlySaving]) -> MonthlySaving:
    """Savings of different things together, end by end."""
    each = tuple(savings)
    return MonthlySaving(
        expected=sum(saving.expected for saving in each),
        low=sum(saving.low for saving in each),
        high=sum(saving.high for saving in each),
    )


def _scaled(saving: MonthlySaving, before: MonthlySaving, after: MonthlySaving) -> MonthlySaving:
    return MonthlySaving(
        expected=saving.expected * _share(after.expected, before.expected),
        low=saving.low * _share(after.low, before.low),
        high=saving.high * _share(after.high, before.high),
    )


def _at_most(saving: MonthlySaving, most: float) -> MonthlySaving:
    return MonthlySaving(expected=min(saving.expected, most), low=min(saving.low, most), high=min(saving.high, most))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
