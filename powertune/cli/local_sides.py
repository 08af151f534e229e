"""Code on this machine as the sides of a gate: each is a version of one function on the embedded AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from powertune.cli.code import Code, find_code
from powertune.cli.console import say
from powertune.cli.site import ServedAws, and_setup, deployment_of, serve_embedded, set_up
from powertune.cli.sources import Folder, parse_folder
from powertune.config import LocalOptions, load_local
from powertune.engine.base_commit import Commit, Repository
from powertune.engine.gate_plan import LiveFunction, LivePair
from powertune.errors import UsageError
from powertune.model import FunctionRef

#: The most environments of each side on one machine: if these do not decide a gate, it stays open.
ENVIRONMENTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCode:
    """Code that was found in a folder, how it is served, and what a person calls it."""

    folder: Folder
    code: Code
    options: LocalOptions
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGate:
    """What was deployed, and is compared."""

    served: ServedAws
    pairs: tuple[LivePair, ...]


def find_candidate(target: str) -> LocalCode:
    """The code that `--local` names.

    Raises:
        UsageError: it names none.
    """
    folder = parse_folder(target)
    if folder is None:
        raise UsageError(f"{target!r} is not a path", hint="write --local ./folder or path/to/app.py:handler")
    options = load_local(folder.path)
    return LocalCode(folder=folder, code=find_code(folder, options), options=options, label=target)


@contextmanager
def open_base(candidate: LocalCode, ref: str | None, *, quiet: bool) -> Iterator[tuple[LocalCode, LocalCode | None]]:
    """The candidate, with its commit in its label, and the same code at another commit; None if there is no ref.

    Raises:
        UsageError: there is no such commit, or no such code in it.
    """
    if ref is None:
        yield candidate, None
        return
    repository = Repository.around(candidate.folder.path)
    commit, current = repository.resolve(ref), repository.current()
    if not quiet and current.label.endswith("-dirty"):
        say(f"note: {candidate.folder.path} has changes that are not committed, and is measured with them")
    with repository.checked_out(commit) as path:
        yield replace(candidate, label=current.label), _at(candidate, path, commit)


@contextmanager
def deploy_sides(
    candidate: LocalCode,
    base: LocalCode | None,
    sizes: tuple[int, ...] | None,
    *,
    fresh: int = 1,
    quiet: bool,
) -> Iterator[LocalGate]:
    """Serve both on one embedded AWS as long as the block lasts.

    Args:
        sizes: the memory sizes in MB; None for the candidate's own, which the base gets as well.
        fresh: the number of pairs of each size, each of versions of their own, which have environments of their own.
    """
    measured = sizes or (candidate.options.memory,)
    codes = (candidate,) if base is None else (base, candidate)
    most = len(codes) * len(measured) * ENVIRONMENTS
    with serve_embedded(quiet=quiet, environments=most) as served:
        for code in codes if not quiet else ():
            say(f"the code of {code.label} runs on this machine{and_setup(code.options)}")
        for code in codes:
            set_up(code.folder.path, code.options, served)
        served.deploy(deployment_of(candidate.folder, candidate.code, candidate.options, served))
        pairs = [
            _pair([_publish(code, candidate, size, number, served) for code in codes])
            for size in measured
            for number in range(fresh)
        ]
        yield LocalGate(served=served, pairs=tuple(pairs))


def _at(candidate: LocalCode, path: Path, commit: Commit) -> LocalCode:
    folder = replace(candidate.folder, path=path)
    try:
        options = load_local(path)
        return LocalCode(folder=folder, code=find_code(folder, options), options=options, label=commit.label)
    except UsageError as error:
        raise UsageError(
            f"in {commit.label}: {error.message}",
            hint="name a commit that has the code, or gate with budgets only: leave --baseline-ref out",
        ) from error


def _publish(code: LocalCode, candidate: LocalCode, size: int, number: int, served: ServedAws) -> LiveFunction:
    """A version with the code, under the name of the candidate's function."""
    deployment = replace(
        deployment_of(code.folder, code.code, code.options, served), name=candidate.folder.name, memory_mb=size
    )
    version = served.publish(deployment, f"{code.label[:200]} {number}")
    return LiveFunction(ref=FunctionRef(name=deployment.name, qualifier=version), label=code.label)


def _pair(sides: list[LiveFunction]) -> LivePair:
    return LivePair(candidate=sides[-1], baseline=sides[0] if len(sides) > 1 else None)
