"""What the configuration file of a folder says. Its author may be somebody else than the person who runs powertune.

Whoever clones a repository and tunes a function from there has not read its powertune.toml. So paths in the file stay
inside of the folder, the plan shows what the file sets, and what leads to another account has to be agreed to.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.errors import UsageError
from powertune.model import FunctionRef

FILES = ("powertune.toml", "pyproject.toml")
PROCESSORS = ("pre_processor", "post_processor")
IMAGES = ("image_uri_arm64", "image_uri_x86_64")
#: A repository of ECR, which is the only place that Lambda takes images from; the account is the registry's.
_REPOSITORY = re.compile(
    r"(?P<account>\d{12})\.dkr(?:\.ecr|\.ecr-fips|-ecr|-ecr-fips)\.[a-z0-9-]+"
    r"\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws|on\.amazonwebservices\.com\.cn)/.+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A setting that leads to another account; `account` is None where the value does not say to which."""

    key: str
    value: str
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """What is in effect because a file says so, and neither the command line nor the environment: keys and values.

    `foreign` are those of them that lead to another account than the function's, once that is known.
    """

    file: Path
    settings: tuple[tuple[str, str], ...]
    foreign: tuple[Foreign, ...] = ()


def from_file(folder: Path, settings: Mapping[str, Any]) -> FromFile | None:
    """What the file in a folder sets; None if it sets nothing that is in effect.

    Raises:
        UsageError: a path in it leads out of the folder.
    """
    if not settings:
        return None
    file = next((folder / name for name in FILES if (folder / name).is_file()), folder / FILES[0])
    payload = settings.get("payload")
    if isinstance(payload, str) and payload.startswith("@") and payload != "@-":
        inside(folder, payload[1:], f"payload {payload!r} in {file}")
    for name in ("prices", "results_folder"):
        if name in settings:
            inside(folder, str(settings[name]), f"{name} {settings[name]!r} in {file}")
    return FromFile(file=file, settings=tuple((name, _written(value)) for name, value in settings.items()))


def inside(folder: Path, name: str, what: str) -> Path:
    """The path of a file that a configuration file names, links resolved.

    Args:
        what: what names it, for a message.

    Raises:
        UsageError: it leads out of the folder of the configuration file.
    """
    try:
        root, path = folder.resolve(), (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, or links in a circle
        raise UsageError(f"{what} is not a path", hint="name a file in the folder") from None
    if not path.is_relative_to(root):
        raise UsageError(
            f"{what} leads out of the folder {str(folder)!r}",
            hint="a configuration file may name files of its own folder only; give others on the command line",
        )
    return path


def foreign_settings(found: FromFile, account: str) -> tuple[Foreign, ...]:
    """The settings that lead to another account than the function's."""
    settings = dict(found.settings)
    owners = {key: FunctionRef.parse(settings[key]).account_id or account for key in PROCESSORS if key in settings}
    images = {key: _REPOSITORY.fullmatch(settings[key]) for key in IMAGES if key in settings}
    unsure = {key: None if match is None else match["account"] for key, match in images.items()}
    return tuple(
        Foreign(key=key, value=settings[key], account=owner)
        for key, owner in {**owners, **unsure}.items()
        if owner != account
    )


def _written(value: Any) -> str:
    """A value of TOML as text; a parser or the plan tells in full what is wrong with one that is none."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return "..."
