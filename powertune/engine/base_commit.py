"""The code of another commit, checked out into a temporary worktree that is always removed again.

The work tree and the index of the person are never touched, and no hook runs. Git lists the worktrees of a
repository, so the next process finds what a killed one has left: nobody holds its lock any more.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from powertune.errors import UsageError
from powertune.units import shown

#: How the temporary folders begin; each has the lock of its owner and the worktree.
_PREFIX, _LOCK, _TREE = "powertune-base-", "lock", "tree"
_SHORT = 7
#: Variables by which git would look elsewhere than in the folder, as within a hook.
_ELSEWHERE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
#: Nothing of the repository is run: no hooks, and no monitor of the file system.
_QUIETLY = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false")
_SUBMODULE = "160000"
_LFS = b"version https://git-lfs.github.com/spec/"
#: A file that only points to LFS is shorter than that, in bytes.
_LFS_POINTER = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit: its hash, and what a person calls it, such as `main@1a2b3c4`."""

    sha: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The git repository that a folder is in. `folder` is relative to its root."""

    root: Path
    folder: Path

    @classmethod
    def around(cls, folder: Path) -> "Repository":
        """The repository around a folder; links are resolved.

        Raises:
            UsageError: there is none, git is not installed, or it refuses the repository.
        """
        real = folder.resolve()
        done = _run(real, "rev-parse", "--show-toplevel")
        if done.returncode != 0:
            raise _no_repository(real, done.stderr)
        root = Path(done.stdout.rstrip("\n")).resolve()
        return cls(root=root, folder=real.relative_to(root))

    def resolve(self, ref: str) -> Commit:
        """The commit that a branch, a tag or a hash stands for; a branch that is not here may be at origin.

        Raises:
            UsageError: there is none.
        """
        for name in (ref, f"origin/{ref}"):
            done = (
                None if ref.startswith("-") else self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            )
            if done is not None and done.returncode == 0:
                sha = done.stdout.strip()
                return Commit(sha=sha, label=sha[:_SHORT] if sha.startswith(name) else f"{name}@{sha[:_SHORT]}")
        shallow = self._git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"
        raise UsageError(
            f"there is no commit {shown(ref)} in {str(self.root)!r}",
            hint="this clone is shallow: fetch the whole history, with `fetch-depth: 0` for actions/checkout"
            if shallow
            else "`git branch --all` lists the branches; fetch one first: git fetch origin BRANCH",
        )

    def current(self) -> Commit:
        """What is on disk: the commit that is checked out, with `dirty` where the folder differs from it."""
        done = self._git("rev-parse", "--verify", "--quiet", "HEAD")
        sha = done.stdout.strip() if done.returncode == 0 else ""
        status = self._git("status", "--porcelain", "--", str(self.folder))
        dirty = "-dirty" if status.stdout.strip() or not sha else ""
        return Commit(sha=sha, label=f"HEAD@{sha[:_SHORT] or 'none'}{dirty}")

    @contextmanager
    def checked_out(self, commit: Commit) -> Iterator[Path]:
        """The folder as it is in a commit, as long as the block lasts.

        Raises:
            UsageError: the commit does not have the folder, or git cannot check it out; or it is in a submodule or in
                LFS, whose content git does not check out; or a link leads elsewhere, such as to the candidate.
        """
        self._check_content(commit)
        self._remove_leftovers()
        with ExitStack() as stack:
            place = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            lock = stack.enter_context((place / _LOCK).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            tree = place / _TREE
            stack.callback(self._remove, tree)
            # A worktree that is locked is not pruned by others while its folder cannot be seen.
            done = self._git("worktree", "add", "--quiet", "--detach", "--lock", str(tree), commit.sha)
            if done.returncode != 0:
                raise UsageError(
                    f"git cannot check out {commit.label}: {_last(done.stderr)}", hint="see git's message"
                )
            folder = tree / self.folder
            if not folder.resolve().is_relative_to(tree):
                raise UsageError(
                    f"{self.folder.as_posix()!r} in {commit.label} is a link that leads out of the repository",
                    hint="name a commit in which it is a folder",
                )
            _check_lfs(folder, commit)
            yield folder

    def _check_content(self, commit: Commit) -> None:
        """See that the commit has the folder, and that git checks out what is in it."""
        where = self.folder.as_posix()
        if where != ".":
            above = ["/".join(self.folder.parts[: depth + 1]) for depth in range(len(self.folder.parts))]
            listed = self._git("ls-tree", commit.sha, "--", *above).stdout.splitlines()
            if any(line.startswith(_SUBMODULE) for line in listed):
                raise _unsupported(f"{where} is in a submodule in {commit.label}")
            if self._git("cat-file", "-e", f"{commit.sha}:{where}").returncode != 0:
                raise UsageError(
                    f"there is no {where!r} in {commit.label}",
                    hint="name a commit that has it, or gate with budgets only: leave --baseline-ref out",
                )
        below = () if where == "." else ("--", where)
        inside = self._git("ls-tree", "-r", commit.sha, *below).stdout.splitlines()
        submodule = next((line for line in inside if line.startswith(_SUBMODULE)), None)
        if submodule is not None:
            raise _unsupported(f"{submodule.partition(chr(9))[2]} is a submodule in {commit.label}")

    def _remove_leftovers(self) -> None:
        """Remove worktrees whose process has been killed: nobody holds their locks."""
        for line in self._git("worktree", "list", "--porcelain").stdout.splitlines():
            kind, _, path = line.partition(" ")
            tree = Path(path)
            if kind == "worktree" and tree.name == _TREE and tree.parent.name.startswith(_PREFIX) and _is_left(tree):
                self._remove(tree)
                shutil.rmtree(tree.parent, ignore_errors=True)

    def _remove(self, tree: Path) -> None:
        """Remove a worktree, locked or not, whatever is in it. One that was never added is no matter."""
        self._git("worktree", "remove", "--force", "--force", str(tree))

    def _git(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return _run(self.root, *words)


def _run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in a folder. A Ctrl-C at the terminal is for powertune, and does not reach it.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return subprocess.run(  # noqa: S603 - no shell, and refs cannot be options
            ["git", "-C", str(folder), *_QUIETLY, *words],  # noqa: S607 - the git of this person
            env=_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(f"cannot run git: {error.strerror}", hint="--baseline-ref needs git: install it") from error


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """The variables for git: in its own words, without questions, and without touching index or LFS."""
    kept = {name: value for name, value in own.items() if name not in _ELSEWHERE}
    more = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
    return {**kept, **more}


def _no_repository(folder: Path, said: str) -> UsageError:
    if "dubious ownership" in said:
        return UsageError(
            f"git refuses the repository around {str(folder)!r}, as it belongs to another user",
            hint=f"if you trust it: git config --global --add safe.directory {folder}",
        )
    if "must be run in a work tree" in said:
        return UsageError(
            f"{str(folder)!r} is in a bare repository, which has no files", hint="run in a clone that has a work tree"
        )
    return UsageError(
        f"{str(folder)!r} is not in a git repository", hint="--baseline-ref compares with a commit of the repository"
    )


def _check_lfs(folder: Path, commit: Commit) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < _LFS_POINTER:
            with path.open("rb") as file:
                if file.read(len(_LFS)) == _LFS:
                    raise _unsupported(f"{path.relative_to(folder)} is in Git LFS in {commit.label}")


def _unsupported(what: str) -> UsageError:
    return UsageError(
        f"{what}, which a temporary worktree does not have",
        hint="measure that commit by itself, and give its results: powertune run ... --save base.json",
    )


def _is_left(tree: Path) -> bool:
    """Whether nobody holds the lock beside a worktree any more."""
    try:
        with (tree.parent / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
