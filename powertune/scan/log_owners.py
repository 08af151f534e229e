"""The log groups of a place, and the functions that write to each: several may share one."""

from collections import defaultdict
from collections.abc import Iterator

from powertune.scan.evidence import FunctionEvidence, FunctionLogGroup, MonthlyCost, PlaceEvidence


def owned_log_groups(evidence: PlaceEvidence) -> Iterator[tuple[FunctionLogGroup, tuple[FunctionEvidence, ...]]]:
    """Each log group that functions write to, in the order of names, and these functions; none if not read."""
    owners: dict[str, list[FunctionEvidence]] = defaultdict(list)
    for known in evidence.functions:
        owners[known.function.log_group].append(known)
    for name, group in sorted((evidence.log_groups or {}).items()):
        if name in owners:
            yield group, tuple(owners[name])


def costs_of(owners: tuple[FunctionEvidence, ...], part: str) -> tuple[MonthlyCost, ...] | None:
    """What these functions cost; None if that of any of them, or this part of it, is not known.

    A sum of which something is missing would mislead.
    """
    costs = tuple(known.cost for known in owners if known.cost is not None and part not in known.cost.unpriced)
    return costs if len(costs) == len(owners) else None


def owner_names(owners: tuple[FunctionEvidence, ...]) -> str:
    """Who writes to a log group, in words."""
    names = [known.name for known in owners[:3]]
    more = len(owners) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
