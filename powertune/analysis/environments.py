"""Which execution environments a sample comes from, and what is assumed where that is not known."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.int64]
#: The label of a value whose environment is not known.
UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Environments:
    """Where each value of a sample was measured; the arrays are pairwise with the values.

    `labels` number the execution environments, `UNKNOWN` where Lambda's logs did not tell. `lanes` are the parallel
    streams in which the client sent the invocations. `created` is how many environments the sample is taken to come
    from where they are not known: as many as cold starts created, and at least one.
    """

    labels: Labels
    lanes: Labels
    created: int

    @classmethod
    def of(cls, names: Sequence[str | None], lanes: ArrayLike, created: int) -> "Environments":
        """Those with these names, None where not known; `created` by cold starts.

        Where one environment is known to have served half of the values or more, it is counted alone.
        """
        labels = labeled(names)
        distinct, counts = np.unique(labels[labels != UNKNOWN], return_counts=True)
        mostly_known = distinct.size and 2 * counts.sum() >= labels.size
        return cls(
            labels=labels,
            lanes=np.asarray(lanes, dtype=np.int64),
            created=int(distinct.size) if mostly_known else max(1, created),
        )

    @classmethod
    def known(cls, names: Sequence[Hashable]) -> "Environments":
        """All of them known, by whatever name."""
        labels = labeled(names)
        return cls(labels=labels, lanes=labels, created=max(1, np.unique(labels).size))

    @classmethod
    def unknown(cls, lanes: ArrayLike, created: int) -> "Environments":
        """None of them known, only how many were created."""
        streams = np.asarray(lanes, dtype=np.int64)
        return cls(labels=np.full(streams.size, UNKNOWN), lanes=streams, created=max(1, created))

    @property
    def count(self) -> int | None:
        """How many environments there are; None for an empty sample, and where not all of them are known."""
        distinct = np.unique(self.labels)
        return None if not distinct.size or distinct[0] == UNKNOWN else int(distinct.size)

    def even(self, least: int) -> bool:
        """Whether they are known, and served as evenly as `least` equal ones (the inverse Simpson index)."""
        if self.count is None:
            return False
        shares = np.unique(self.labels, return_counts=True)[1] / self.labels.size
        return 1 / float((shares**2).sum()) > least - 0.5

    @property
    def tell(self) -> bool:
        """Whether what is known tells how environments differ: two of them, and half of the values or more."""
        named = self.labels[self.labels != UNKNOWN]
        return 2 * named.size >= self.labels.size > 0 and bool(np.ptp(named) > 0)


def labeled(names: Sequence[Hashable]) -> Labels:
    """A number for each name, the same for the same name; None, which is no name, is `UNKNOWN`."""
    numbers: dict[Hashable, int] = {None: UNKNOWN}
    for name in dict.fromkeys(names):
        numbers.setdefault(name, len(numbers) - 1)
    return np.fromiter(map(numbers.__getitem__, names), dtype=np.int64, count=len(names))
