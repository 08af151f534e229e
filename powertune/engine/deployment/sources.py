"""The files of the state machine: beside the package in a source checkout, within it where it was installed."""

from dataclasses import dataclass
from pathlib import Path

import powertune
from powertune.errors import UsageError

TEMPLATE, DEFINITION, HANDLERS = "template.yaml", "tuning.asl.json", "handlers.py"
#: What a scheduled scan is made of, which runs the same handlers.
SCAN_TEMPLATE, SCAN_DEFINITION = "scan-template.yaml", "scan.asl.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is deployed, besides the package itself: CloudFormation's template, the definition, and the handlers."""

    template: str
    definition: bytes
    handlers: bytes


def sources_folder() -> Path:
    """The folder `statemachine`.

    Raises:
        UsageError: it is missing.
    """
    package = Path(powertune.__file__).parent
    for folder in (package / "statemachine", package.parent / "statemachine"):
        if (folder / TEMPLATE).is_file():
            return folder
    raise UsageError(
        f"the files of the state machine are missing: there is no {TEMPLATE} in {str(package / 'statemachine')!r}",
        hint="install powertune again",
    )


def read_template(folder: Path, *, of_scan: bool = False) -> str:
    """The CloudFormation template of the tuning state machine, or that of a scheduled scan.

    Raises:
        UsageError: it cannot be read.
    """
    return _read(folder / (SCAN_TEMPLATE if of_scan else TEMPLATE)).decode()


def read_sources(folder: Path, *, of_scan: bool = False) -> Sources:
    """All files of the tuning state machine, or of a scheduled scan.

    Raises:
        UsageError: one cannot be read.
    """
    return Sources(
        template=read_template(folder, of_scan=of_scan),
        definition=_read(folder / (SCAN_DEFINITION if of_scan else DEFINITION)),
        handlers=_read(folder / HANDLERS),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}", hint="install powertune again") from None
