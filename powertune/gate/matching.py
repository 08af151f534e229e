"""Which configuration of a candidate is compared with which of a baseline, and what must never be compared."""

from collections.abc import Sequence

from powertune.gate.model import Case, GatedRun


def match_cases(
    candidates: Sequence[GatedRun],
    baselines: Sequence[GatedRun] = (),
    *,
    allow_other_function: bool = False,
    side_by_side: bool = False,
) -> tuple[Case, ...]:
    """A case for every configuration of every candidate, with the baseline of the same function.

    Args:
        allow_other_function: compare also functions of different names, as the copies of two commits; then there is
            one
            candidate and one baseline.
        side_by_side: candidate and baseline were measured in one run with interleaved invocations.

    Raises:
        UsageError: there is no baseline for a candidate, or it is of another function, region, architecture, memory
            size or payload, of cold starts alone and the other is not, or has fewer than two samples. The message
            names both values.
        FunctionFailed: a candidate failed at every size.
    """
    raise NotImplementedError
