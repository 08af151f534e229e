"""What a baseline is called: a path that a person can read, and from which all that it is found by can be read back.

    FUNCTION/512-arm64-1a2b3c4d/main/20260927T101500Z-4f5e6d7.json

The parts are the function; memory size, architecture and the beginning of the digest of the events; the branch; when
the run ended, and the commit, or the run where no commit is known. In a branch, what is neither a letter nor a digit
nor one of `._-` is percent-encoded.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from powertune.errors import UsageError
from powertune.model import Architecture, Configuration, PayloadShare, TuningRun
from powertune.units import shown

#: How much of a digest is in a name, as of commits.
_DIGEST, _COMMIT = 8, 12
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    r"(?P<function>[A-Za-z0-9_-]{1,64})/(?P<memory>\d{1,5})-(?P<architecture>x86_64|arm64)-(?P<payload>[0-9a-f]{8})/"
    r"(?P<branch>[^/]{1,255})/(?P<stamp>\d{8}T\d{6}Z)-(?P<commit>[A-Za-z0-9._-]{1,64})\.json"
)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineKey:
    """What has to be the same of two runs to compare them. `payload` is the beginning of the digest of the events."""

    function: str
    configuration: Configuration
    payload: str

    @classmethod
    def of(cls, function: str, configuration: Configuration, payloads: Sequence[PayloadShare]) -> "BaselineKey":
        """The key of one configuration of a function, with these events."""
        return cls(function=function, configuration=configuration, payload=payload_digest(payloads))

    @property
    def folder(self) -> str:
        """The part of the path that is the key."""
        size = f"{self.configuration.memory_mb}-{self.configuration.architecture}"
        return f"{self.function}/{size}-{self.payload}"

    def __str__(self) -> str:
        return f"{self.function} at {self.configuration} with payload {self.payload}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineName:
    """A baseline as its path names it. `saved` is when its run ended, as in the path, and sorts by time."""

    key: BaselineKey
    branch: str
    saved: str
    commit: str

    @property
    def path(self) -> str:
        """The path below the place where baselines are kept."""
        return f"{self.key.folder}/{encoded(self.branch)}/{self.saved}-{self.commit}.json"

    @property
    def label(self) -> str:
        """What a person calls it: `main@1a2b3c4`."""
        return f"{self.branch}@{self.commit}"


def name_of(run: TuningRun, configuration: Configuration, *, branch: str, commit: str | None) -> BaselineName:
    """What one configuration of a run is called as a baseline.

    Raises:
        UsageError: a branch or commit that is none, or a run whose function or time cannot be part of a path.
    """
    if commit is not None and not _REVISION.fullmatch(commit):
        raise UsageError(f"{shown(commit)} is not a commit", hint="give its hash: --commit 1a2b3c4")
    encoded(branch)
    try:
        saved = datetime.fromtimestamp(run.finished_at, UTC).strftime(_STAMP)
    except (OverflowError, OSError, ValueError):
        raise UsageError(f"run {shown(run.run_id)} ended at no moment of a calendar", hint="measure again") from None
    key = BaselineKey.of(run.function.name, configuration, run.design.payloads)
    name = BaselineName(key=key, branch=branch, saved=saved, commit=(commit or run.run_id)[:_COMMIT])
    if parse_name(name.path) is None:
        raise UsageError(
            f"run {shown(run.run_id)} of {shown(key.function)} cannot be kept under its name", hint="measure again"
        )
    return name


def parse_name(path: str) -> BaselineName | None:
    """The name that a path is; None for what is no baseline's."""
    match = _NAME.fullmatch(path)
    if match is None:
        return None
    configuration = Configuration(memory_mb=int(match["memory"]), architecture=Architecture(match["architecture"]))
    return BaselineName(
        key=BaselineKey(function=match["function"], configuration=configuration, payload=match["payload"]),
        branch=unquote(match["branch"]),
        saved=match["stamp"],
        commit=match["commit"],
    )


def encoded(branch: str) -> str:
    """A branch as one part of a path.

    Raises:
        UsageError: it is empty, too long, or a step upward.
    """
    name = quote(branch, safe="", errors="surrogateescape")
    if not branch or set(branch) == {"."} or len(name) > 255:
        raise UsageError(f"{shown(branch)} is not a branch", hint="give its name: --branch main")
    return name


def payload_digest(payloads: Sequence[PayloadShare]) -> str:
    """The beginning of the digest of the events of a run: of one event its own, of several that of all together."""
    if len(payloads) == 1:
        return payloads[0].sha256[:_DIGEST]
    text = "\n".join(f"{each.sha256} {each.weight:g}" for each in payloads)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
