"""Finished places in a folder, one file each, so that an interrupted scan goes on where it was."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from powertune import files
from powertune.errors import UsageError
from powertune.region_prices import RegionPrices
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.scan.place_document import read_scanned_place, write_scanned_place

#: What is older is asked again: a scan that goes on the next day would mix two windows.
MOST_AGE_S = 24 * 3600.0
#: The folder in that of a scan, and what is in it.
PLACES = "places"
_PLACE_FILE = re.compile(r"\d{12}-[a-z0-9-]+\.json", re.ASCII)


class PlaceFolder:
    """The places of one scan, as `places/<account>-<region>.json` in its folder. Threads may share it.

    Args:
        folder: where the scan is kept; it is made when the first place is.
        days: the window that is scanned; places of another one do not hold.
        asked: what is asked about each place, in any order; places that were asked about less or more do not hold.
        clock: the time in seconds since the epoch.
        prices: the prices of a region; None if they are not known.
    """

    def __init__(
        self,
        folder: Path,
        *,
        days: float,
        clock: Callable[[], float],
        prices: Callable[[str], RegionPrices | None],
        asked: tuple[str, ...] = (),
    ) -> None:
        self._folder = folder / PLACES
        self._days = days
        self._asked = tuple(sorted(asked))
        self._clock = clock
        self._prices = prices

    def prepare(self) -> None:
        """Make the folder, so that what takes hours is not begun if it cannot be kept.

        Raises:
            UsageError: it cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot make {str(self._folder)!r}: {error.strerror}", hint="choose another folder"
            ) from error

    def forget(self) -> None:
        """Remove the places, and the folder of the scan; what else somebody has in there stays."""
        with suppress(OSError):
            for path in self._folder.glob("*.json"):
                if _PLACE_FILE.fullmatch(path.name):
                    path.unlink()
            self._folder.rmdir()
            self._folder.parent.rmdir()

    def kept(self, place: AccountRegion) -> ScannedPlace | None:
        """What is kept of a place; None if nothing is that still holds, or that can be read."""
        try:
            data = self._path(place).read_bytes()
            scanned, asked = read_scanned_place(data, self._prices)
        except (OSError, UsageError):
            return None
        return scanned if asked == self._asked and self._holds(scanned, place) else None

    def keep(self, scanned: ScannedPlace) -> None:
        """Keep a place.

        Raises:
            UsageError: it cannot be written.
        """
        self.prepare()
        files.write(write_scanned_place(scanned, self._asked), self._path(scanned.evidence.place))

    def _path(self, place: AccountRegion) -> Path:
        return self._folder / f"{place.account_id}-{place.region}.json"

    def _holds(self, scanned: ScannedPlace, place: AccountRegion) -> bool:
        evidence = scanned.evidence
        return (
            evidence.place == place
            and evidence.place.account_name == place.account_name
            and evidence.days == self._days
            and 0 <= self._clock() - evidence.now <= MOST_AGE_S
            # What could not be read at all may be readable now.
            and not any(gap.of_whole_place for gap in scanned.gaps)
        )
