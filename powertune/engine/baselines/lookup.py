"""The baseline of a candidate, wherever it was kept: a results file, or a store in a folder or a bucket."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from powertune import results
from powertune.aws.objects import Objects, parse_uri
from powertune.engine.baselines.naming import BaselineKey
from powertune.engine.baselines.shelf import S3, shelf_at
from powertune.engine.baselines.store import MAIN, BaselineStore
from powertune.errors import BaselineMissing, UsageError
from powertune.gate.model import GatedRun
from powertune.model import Configuration, PayloadShare

#: How results files end; everything else is a store.
RESULTS = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBaseline:
    """What a baseline has to be of."""

    function: str
    region: str
    configurations: tuple[Configuration, ...]
    payloads: Sequence[PayloadShare]


class BaselineSource(Protocol):
    """Where baselines come from."""

    def baseline_of(self, wanted: WantedBaseline) -> GatedRun:
        """The baseline of a candidate.

        Raises:
            BaselineMissing: there is none.
            UsageError: it cannot be read.
            NotFound, AccessDenied: as S3 says.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile:
    """A results file, which is the baseline of every candidate: matching says where it is not."""

    run: GatedRun

    def baseline_of(self, wanted: WantedBaseline) -> GatedRun:  # noqa: ARG002 - as the protocol
        """The run of the file."""
        return self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A store of baselines, of which the last ones of a branch are meant."""

    store: BaselineStore
    branch: str

    def baseline_of(self, wanted: WantedBaseline) -> GatedRun:
        """The baselines of all configurations as one run."""
        found = [
            self.store.find(
                BaselineKey.of(wanted.function, configuration, wanted.payloads),
                branch=self.branch,
                region=wanted.region,
            )
            for configuration in wanted.configurations
        ]
        whole = replace(
            found[0].run,
            measurements=tuple(measurement for each in found for measurement in each.run.measurements),
        )
        labels = dict.fromkeys(each.name.label for each in found)
        return GatedRun(run=whole, label=", ".join(labels), package_bytes=whole.function.package_bytes)


def baselines_at(place: str, branch: str | None, bucket: Callable[[str], Objects]) -> BaselineSource:
    """The baselines at a place: a results file, or a store.

    Args:
        branch: of a store; None for main.
        bucket: gives the objects of a bucket.

    Raises:
        UsageError: there is nothing of the kind there, or a branch was named of a file.
        NotFound, AccessDenied: as S3 says.
    """
    if place.endswith(RESULTS) or (not place.startswith(S3) and Path(place).is_file()):
        if branch is not None:
            raise UsageError(
                f"{place} is one baseline, and has no branches", hint="leave --baseline-branch out, or name a folder"
            )
        return OneFile(run=read_baseline(place, bucket))
    if not place.startswith(S3) and not Path(place).exists():
        raise BaselineMissing(
            f"there is no baseline at {place!r}",
            hint=f"save one: powertune baseline save RUN.json --to {place}",
        )
    return Stored(store=BaselineStore(shelf=shelf_at(place, bucket)), branch=branch or MAIN)


def read_baseline(place: str, bucket: Callable[[str], Objects]) -> GatedRun:
    """The run in a results file, or in an object of S3.

    Raises:
        UsageError: it cannot be read.
        NotFound, AccessDenied: as S3 says.
    """
    if not place.startswith(S3):
        run = results.load(Path(place))
    else:
        name, key = parse_uri(place)
        data = bucket(name).read(key)
        try:
            run = results.parse(data)
        except UsageError as error:
            raise UsageError(f"{place}: {error.message}", hint=error.hint) from error
    return GatedRun(run=run, label=place.rpartition("/")[2], package_bytes=run.function.package_bytes)
