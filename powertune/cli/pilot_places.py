"""Where the autopilot keeps its state, and where its proposals go: what is there on this machine decides."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from powertune.aws.connection import Connection
from powertune.aws.objects import Objects
from powertune.cli.console import say
from powertune.engine.autopilot.commands import Program
from powertune.engine.autopilot.folder import FolderForge
from powertune.engine.autopilot.git import CommitAuthor, GitRepository
from powertune.engine.autopilot.github import GitHubForge
from powertune.engine.autopilot.protocols import Forge
from powertune.engine.autopilot.state import AutopilotState, BucketState, FolderState
from powertune.errors import ForgeFailed, UsageError
from powertune.units import shown

PROPOSALS_FOLDER = "powertune-proposals"
AUTHOR = "powertune <powertune@users.noreply.github.com>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPlace:
    """Where proposals go, as a person has said it; None means that they have not.

    `repository` is the folder of a clone, or of infrastructure code, which is in all of it, or in the file or folder
    `iac` of it. With `output`, proposals become folders there.
    """

    repository: Path = Path()
    iac: str | None = None
    output: Path | None = None
    base: str | None = None
    remote: str = "origin"
    author: str = AUTHOR

    def check(self) -> None:
        """See that it can be used, as far as that can be told without asking git.

        Raises:
            UsageError: it cannot, or something is about pull requests, and proposals become folders.
        """
        parse_author(self.author)
        _check_remote(self.remote)
        if not self.repository.is_dir():
            raise UsageError(
                f"--repository {str(self.repository)!r} is not a folder",
                hint="name the folder of a clone, or of infrastructure code",
            )
        if self.output is None:
            return
        check_folder("--output", self.output)
        if self.base is not None:
            raise UsageError(
                "--base is for pull requests, and --output writes to a folder", hint="leave one of them out"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedForge:
    """Where proposals go, and the clone that they are made from: None where the files of a folder are."""

    forge: Forge
    repository: GitRepository | None = None
    base_commit: str = ""


@contextmanager
def open_state(place: str, connection: Connection) -> Iterator[AutopilotState]:
    """What earlier runs have kept, in a folder, or at `s3://bucket/prefix`.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: it cannot be read.
    """
    if not place.startswith("s3://"):
        yield FolderState(path=Path(place))
        return
    bucket, prefix = _bucket(place)
    with tempfile.TemporaryDirectory(prefix="powertune-autopilot-") as folder:
        objects = Objects(aws=connection.aws(), bucket=bucket)
        kept = BucketState(objects=objects, prefix=f"{prefix}/" if prefix else "", results=Path(folder))
        kept.fetch()
        yield kept


def check_state(place: str) -> None:
    """See that a place can hold what is kept, before anything is asked of AWS.

    Raises:
        UsageError: it cannot.
    """
    if not place.strip():
        # A variable of a CI system that is not set. What was spent would be forgotten with the machine.
        raise UsageError("--state is empty", hint="name a folder, or s3://bucket/prefix")
    if place.startswith("s3://"):
        _bucket(place)
    else:
        check_folder("--state", Path(place))


def check_folder(option: str, path: Path) -> None:
    """See that a path is a folder, or that nothing is there yet.

    Raises:
        UsageError: it is something else, or below a file.
    """
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), None)
    if there is not None and not there.is_dir():
        raise UsageError(f"{option} {str(path)!r}: {str(there)!r} is not a folder", hint="choose another one")


def _bucket(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.removeprefix("s3://").strip("/").partition("/")
    if not bucket:
        raise UsageError(f"--state {shown(place)} names no bucket", hint="write s3://bucket/prefix")
    return bucket, prefix


def open_forge(place: ProposalPlace, *, dry_run: bool = False) -> OpenedForge:
    """GitHub, if `git` and `gh` are there and nobody has named a folder; else a folder, which a dry run leaves alone.

    Raises:
        UsageError: the place cannot be used, the repository is no clone, or its remote has no such branch.
        AccessDenied, Unavailable, ForgeFailed: as git says.
    """
    place.check()
    git, gh = shutil.which("git"), shutil.which("gh")
    if place.output is not None or git is None or gh is None:
        folder = place.output or Path(PROPOSALS_FOLDER)
        if place.output is None:
            missing = " and ".join(name for name, path in (("git", git), ("gh", gh)) if path is None)
            if place.base is not None:
                raise UsageError(
                    f"--base is for pull requests, and {missing} cannot be found", hint=f"install {missing}"
                )
            check_folder("the folder of proposals", folder)
            if not dry_run:
                say(f"note: {missing} cannot be found, so proposals are written to {os.fspath(folder)!r}")
        return OpenedForge(forge=FolderForge(path=folder))
    environment = dict(os.environ)
    program = Program(name="git", path=git, folder=place.repository, environment=environment)
    repository = GitRepository(git=program, author=parse_author(place.author), remote=place.remote)
    try:
        program.run("rev-parse", "--git-dir")
    except ForgeFailed as error:
        raise UsageError(
            f"{str(place.repository)!r} cannot be used as a repository: {error.message}",
            hint="name a clone with --repository, or a folder for proposals with --output",
        ) from None
    base = place.base or repository.default_branch()
    commit = repository.tip(base)
    if commit is None:
        raise UsageError(f"the remote {place.remote!r} has no branch {base!r}", hint="name one with --base")
    hosted_at = repository.hosted_at()
    chosen = {} if hosted_at is None else {"GH_REPO": hosted_at}
    forge = GitHubForge(
        gh=Program(name="gh", path=gh, folder=place.repository, environment=environment | chosen),
        repository=repository,
        base=base,
        base_commit=commit,
    )
    return OpenedForge(forge=forge, repository=repository, base_commit=commit)


def parse_author(text: str) -> CommitAuthor:
    """`Name <address>`.

    Raises:
        UsageError: it is not written like that.
    """
    name, _, address = text.strip().removesuffix(">").partition("<")
    if not name.strip() or "@" not in address or not text.isprintable() or not text.strip().endswith(">"):
        raise UsageError(f"--author {shown(text)} is not an author", hint='for example "Jo Doe <jo@example.com>"')
    return CommitAuthor(name=name.strip(), email=address.strip())


def _check_remote(name: str) -> None:
    if not name or name.startswith("-") or not name.isprintable():
        raise UsageError(f"--remote {shown(name)} is not the name of a remote", hint="for example origin")
