"""What is wrong with a command line, found before anything is started or asked: a word, a file, an option."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from powertune.cli.code import find_code
from powertune.cli.sources import parse_folder, payload_file, payload_reader
from powertune.config import RUN_OPTIONS, RunOptions, load_local, load_run
from powertune.errors import UsageError
from powertune.model import FunctionRef
from powertune.units import did_you_mean, shown

_ANY_EVENT = b"{}"
#: As every region is written: us-east-1, us-gov-west-1, ap-southeast-5.
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d+")


def check_target(target: str | None) -> str:
    """See that there is a target, and that it is not the results of one; returns it.

    Raises:
        UsageError: there is no target, or it is a results file.
    """
    if target is None:
        raise UsageError(
            "missing argument TARGET: which function?", hint="give its name or ARN; see powertune run --help"
        )
    check_no_results(target)
    return target


def check_no_results(target: str) -> None:
    """See that a target is not the results of one.

    Raises:
        UsageError: it is a results file.
    """
    if target.endswith(".json") and Path(target).is_file():
        raise UsageError(f"{shown(target)} is not a function", hint=f"for a results file: powertune report {target}")


def check_place(target: str, given: Mapping[str, Any]) -> None:
    """See that a target is a function on AWS, as the options that were given ask, or code that was given none.

    Raises:
        UsageError: it is neither; or the region is none, or another than the ARN's; or an option is not for code.
    """
    if parse_folder(target) is None:
        region_of(FunctionRef.parse(target), given.get("region"))
        return
    for name, value in given.items():
        # A script may pass a variable that is empty.
        if value:
            raise UsageError(
                f"--{name.replace('_', '-')} is for functions on AWS, and {shown(target)} runs on this machine",
                hint="leave it out, or give the name or ARN of a function on AWS",
            )


def check_options(target: str, given: Mapping[str, Any]) -> RunOptions:
    """See that options, from wherever they are, can be taken, and that the code of a folder can be found.

    Returns them without events that are not read yet.

    Events in S3, on stdin and in pipes are not read yet, nor is a file that a set-up script may still write.

    Raises:
        UsageError: a value that is not what its option takes, or no handler.
    """
    folder = parse_folder(target)
    place, usual, reader = Path(), None, _read_here
    if folder is not None:
        local = load_local(folder.path)
        find_code(folder, local)
        place, usual = folder.path, local.payload
        reader = _read_here if local.setup is None else _read_if_there
    options = {name: value for name, value in given.items() if name in RUN_OPTIONS}
    asked = load_run(place, os.environ, options, reader, usual_payload=usual)
    if given.get("start_from") is not None:
        asked.check_earlier()
    return asked


def region_of(ref: FunctionRef, region: str | None) -> str | None:
    """The region that an option or an ARN names; None if neither does.

    Raises:
        UsageError: the option names none, or they name different ones.
    """
    check_region(region)
    if region and ref.region and region != ref.region:
        raise UsageError(f"--region {region} is not the region of {ref}", hint="leave --region out")
    return region or ref.region


def check_region(region: str | None) -> None:
    """See that a region is written as regions are. Which ones there are is for AWS to say.

    Raises:
        UsageError: it is not.
    """
    if region and not _REGION.fullmatch(region):
        from powertune.prices import PriceTable

        known = [prices.region for prices in PriceTable.bundled().regions]
        raise UsageError(
            f"{shown(region)} is not a region",
            hint=did_you_mean(region, known, "`aws ec2 describe-regions` lists them"),
        )


def _read_here(source: str, folder: Path) -> bytes:
    """An event, but for what can be read only once: stdin, or another pipe."""
    file = payload_file(source)
    if source == "@-" or (file is not None and (folder / file).exists() and not (folder / file).is_file()):
        return _ANY_EVENT
    return payload_reader(_nothing)(source, folder)


def _read_if_there(source: str, folder: Path) -> bytes:
    """The same, where a set-up script may still write the file."""
    file = payload_file(source)
    return _ANY_EVENT if file is not None and not (folder / file).exists() else _read_here(source, folder)


def _nothing(_bucket: str, _key: str) -> bytes:
    return _ANY_EVENT
