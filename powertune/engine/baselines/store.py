"""Baselines by what has to be the same of a candidate: saved once each, found by branch, the newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from powertune import results
from powertune.engine.baselines.naming import BaselineKey, BaselineName, encoded, name_of, parse_name
from powertune.engine.baselines.shelf import Shelf
from powertune.errors import BaselineMissing, NotFound, UsageError
from powertune.model import GridDesign, Measurement, Population, TuningRun

#: The branch that is meant where none is named.
MAIN = "main"
#: A baseline of fewer warm invocations can be compared with nothing.
_LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline that was read: its name, where it is, and its run, of one configuration."""

    name: BaselineName
    where: str
    run: TuningRun


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedBaseline:
    """A baseline that cannot be read: where it is, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Baselines, the newest first. `more` is how many there are beyond those."""

    baselines: tuple[Baseline, ...]
    skipped: tuple[SkippedBaseline, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineStore:
    """All baselines of one place."""

    shelf: Shelf

    def save(self, run: TuningRun, *, branch: str, commit: str | None, replacing: bool = False) -> tuple[str, ...]:
        """Keep each configuration of a run as a baseline of its own; returns where.

        Args:
            replacing: replace a baseline of the same name, which is one of the same run or commit at the same second.

        Raises:
            AlreadyExists: there is one of the same name that holds something else.
            UsageError: the run has nothing to compare with, or cannot be written.
        """
        parts = [(name_of(run, each.configuration, branch=branch, commit=commit), each) for each in _usable(run)]
        keep = self.shelf.replace if replacing else self.shelf.create
        for name, measurement in parts:
            keep(name.path, results.dump(_alone(run, measurement)))
        return tuple(self.shelf.where(name.path) for name, _ in parts)

    def find(self, key: BaselineKey, *, branch: str, region: str) -> Baseline:
        """The last baseline that was saved on a branch.

        Args:
            region: where the function is: functions of the same name may be in several.

        Raises:
            BaselineMissing: there is none; the hint says what there is instead.
            UsageError: it cannot be read.
        """
        below = f"{key.folder}/{encoded(branch)}"
        elsewhere = None
        for name in _newest_first(self.shelf.paths(below)):
            baseline = self._read(name)
            if baseline.run.function.region == region:
                return baseline
            elsewhere = baseline.run.function.region
        raise BaselineMissing(
            f"there is no baseline of {key} on branch {branch} in {self.shelf.where()}"
            + (f": the only ones are of region {elsewhere}, and not {region}" if elsewhere else ""),
            hint=self._instead(key, branch),
        )

    def list(self, *, function: str | None = None, branch: str | None = None, most: int) -> Listing:
        """The newest baselines, each of which is read; those that cannot be are skipped, and named.

        Args:
            most: how many at most, beside those that are skipped.
        """
        wanted = [
            name
            for name in _newest_first(self.shelf.paths())
            if function in (None, name.key.function) and branch in (None, name.branch)
        ]
        found: list[Baseline] = []
        skipped: list[SkippedBaseline] = []
        for name in wanted:
            if len(found) == most:
                break
            try:
                found.append(self._read(name))
            except (UsageError, NotFound) as error:
                skipped.append(SkippedBaseline(where=self.shelf.where(name.path), reason=error.message))
        return Listing(baselines=tuple(found), skipped=tuple(skipped), more=len(wanted) - len(found) - len(skipped))

    def _read(self, name: BaselineName) -> Baseline:
        where = self.shelf.where(name.path)
        try:
            run = results.parse(self.shelf.read(name.path))
        except UsageError as error:
            raise UsageError(f"baseline {where}: {error.message}", hint=error.hint) from error
        return Baseline(name=name, where=where, run=run)

    def _instead(self, key: BaselineKey, branch: str) -> str:
        """What there is of the function: most often, one thing is different."""
        names = tuple(_newest_first(self.shelf.paths(key.function)))
        other = next((name for name in names if name.key == key), None) or next(iter(names), None)
        save = f"save one: powertune baseline save RUN.json --to {self.shelf.where()} --branch {branch}"
        if other is None:
            return save
        return f"there is one of {other.key} on branch {other.branch}; or {save}"


def _alone(run: TuningRun, measurement: Measurement) -> TuningRun:
    """The run, as if it had been of one configuration."""
    design = run.design
    if isinstance(design.search, GridDesign):
        search = replace(design.search, configurations=(measurement.configuration,))
        design = replace(design, search=search)
    return replace(run, design=design, measurements=(measurement,))


def _usable(run: TuningRun) -> tuple[Measurement, ...]:
    """The configurations that a candidate can be compared with.

    Raises:
        UsageError: there is none.
    """
    usable = tuple(
        each
        for each in run.measurements
        if each.infeasible is None and each.invocations.count(run.design.judged) >= _LEAST
    )
    if not usable:
        kind = "cold start" if run.design.judged is Population.COLD else "warm invocation"
        reasons = [f"{each.configuration}: {each.infeasible}" for each in run.measurements if each.infeasible]
        raise UsageError(
            f"run {run.run_id} of {run.function.name} cannot be a baseline: no configuration has {_LEAST} {kind}s"
            + (f" ({'; '.join(reasons)})" if reasons else ""),
            hint="save a run that has succeeded",
        )
    return usable


def _newest_first(paths: tuple[str, ...]) -> Iterator[BaselineName]:
    names = [name for name in map(parse_name, paths) if name is not None]
    return iter(sorted(names, key=lambda name: (name.saved, name.commit), reverse=True))
