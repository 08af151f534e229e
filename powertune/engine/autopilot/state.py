"""What the autopilot keeps between runs: results files, and what each run has cost; in a folder, or in a bucket."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from powertune import files
from powertune.autopilot.spending import SpendingRecord, dump_spending, parse_spending
from powertune.aws.objects import Objects
from powertune.errors import UsageError

RESULTS, SPENDING = "results", "spending"


class AutopilotState(Protocol):
    """Keeps what the next run needs. `results` is the folder on this machine where results files are."""

    @property
    def results(self) -> Path:
        """The folder of the results files: the newest of each function is there."""
        ...

    def records(self) -> tuple[SpendingRecord, ...]:
        """What each run has cost, in the order of time.

        Raises:
            UsageError: a record is damaged: what it cost is not known.
        """
        ...

    def keep(self, record: SpendingRecord) -> None:
        """Keep what a run costs, in the place of what was kept of the same run."""
        ...

    def keep_results(self, name: str) -> None:
        """Keep a results file that is in the folder."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """A folder, which is made when it is needed."""

    path: Path

    @property
    def results(self) -> Path:
        """The folder of the results files."""
        return self.path / RESULTS

    def records(self) -> tuple[SpendingRecord, ...]:
        """What each run has cost."""
        try:
            found = [parse_spending(path.read_bytes()) for path in sorted((self.path / SPENDING).glob("*.json"))]
        except OSError as error:
            raise UsageError(
                f"cannot read {str(self.path)!r}: {error.strerror}", hint="choose another with --state"
            ) from None
        return _in_order(found)

    def keep(self, record: SpendingRecord) -> None:
        """Write its file."""
        self._prepare()
        files.write(dump_spending(record), self.path / SPENDING / f"{record.run_id}.json")

    def keep_results(self, name: str) -> None:
        """They are in the folder already."""

    def _prepare(self) -> None:
        """Make the folders. What git must not take in is ignored."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True)
                (self.path / ".gitignore").write_text("*\n")
            for name in (RESULTS, SPENDING):
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make the folder {str(self.path)!r}: {error.strerror}", hint="choose another with --state"
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketState:
    """Objects in S3, and a folder of this machine with the results files. `prefix` is empty, or ends with a slash.

    Records are looked at before and after each run, and there may be hundreds: what is unchanged is not read again.
    """

    objects: Objects
    prefix: str
    results: Path
    _read: dict[str, tuple[str, SpendingRecord]] = field(default_factory=dict, init=False, compare=False)

    def records(self) -> tuple[SpendingRecord, ...]:
        """What each run has cost."""
        tags = self.objects.entity_tags(f"{self.prefix}{SPENDING}/")
        return _in_order(self._record(key, tag) for key, tag in tags.items() if key.endswith(".json"))

    def _record(self, key: str, tag: str) -> SpendingRecord:
        known = self._read.get(key)
        if known is None or known[0] != tag:
            known = self._read[key] = (tag, parse_spending(self.objects.read(key)))
        return known[1]

    def keep(self, record: SpendingRecord) -> None:
        """Write its object."""
        self.objects.write(f"{self.prefix}{SPENDING}/{record.run_id}.json", dump_spending(record))

    def keep_results(self, name: str) -> None:
        """Copy it to the bucket."""
        self.objects.write(f"{self.prefix}{RESULTS}/{name}", (self.results / name).read_bytes())

    def fetch(self) -> None:
        """Copy the newest results file of each function from the bucket."""
        newest = {each.function_arn: each.results for each in self.records() if each.results}
        for name in newest.values():
            # The name is what `keep` has written; a bucket may hold anything.
            if Path(name).name != name:
                raise UsageError(f"{name!r} is not the name of a results file", hint="delete this record of spending")
            data = self.objects.find(f"{self.prefix}{RESULTS}/{name}")
            if data is not None:
                files.write(data, self.results / name)


def _in_order(records: Iterable[SpendingRecord]) -> tuple[SpendingRecord, ...]:
    return tuple(sorted(records, key=lambda each: (each.started_at, each.run_id)))
