"""A git repository, changed without touching anybody's work tree: commits are made of objects and a temporary index.

Nothing is checked out, so neither filters nor hooks run, links are not followed, and nothing is left behind if the
process dies. What is fetched gets refs below `refs/powertune/`, which no person uses.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from powertune.autopilot.pull_request import BRANCHES
from powertune.engine.autopilot.commands import Program
from powertune.errors import BranchTaken, ForgeFailed, UsageError
from powertune.iac import Edit
from powertune.units import shown

#: A repository may be somebody else's: its hooks and monitors do not run, and it is not tidied up for its owner.
_CAUTIOUS = tuple(
    word
    for setting in (
        f"core.hooksPath={os.devnull}",
        "core.fsmonitor=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "fetch.recurseSubmodules=false",
        "push.recurseSubmodules=no",
        "push.followTags=false",
    )
    for word in ("-c", setting)
)
#: The branch of the pictures: it has a history of its own, and is never merged.
PICTURES = "powertune-pictures"
_NAME = re.compile(r"(?!-)[A-Za-z0-9._/-]{1,200}", re.ASCII)
#: The address of a repository of a forge: with a scheme, or as `scp` takes it.
_HOSTED = re.compile(
    r"(?:(?:https|ssh)://(?:[^@/\s]+@)?(?P<host>[\w.-]+)(?::\d+)?/|[^@/:\s]+@(?P<scp>[\w.-]+):)"
    r"(?P<path>[\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)
_PLAIN_FILES = ("100644", "100755")
_TREE, _BASE = "Powertune-Tree", "Powertune-Base"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitAuthor:
    """Who makes commits."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """A file of a commit: its mode, the name of its content, and its size."""

    mode: str
    blob: str
    size: int

    @property
    def is_plain(self) -> bool:
        """Whether it is neither a link nor a submodule."""
        return self.mode in _PLAIN_FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRepository:
    """A clone, and the remote that branches are pushed to."""

    git: Program
    author: CommitAuthor
    remote: str = "origin"

    def default_branch(self) -> str:
        """The branch that pull requests lead to.

        Raises:
            UsageError: the remote names none.
        """
        answer = self._run("ls-remote", "--symref", self.remote, "HEAD").decode(errors="replace")
        match = re.match(r"ref: refs/heads/(\S+)\tHEAD", answer)
        if match is None:
            raise UsageError(f"the remote {self.remote!r} has no default branch", hint="name one with --base")
        return match[1]

    def hosted_at(self) -> str | None:
        """The repository of the remote as `host/owner/name`, if there are several remotes, of which `gh` would choose
        one by itself; None if there is one only, or if its address says something else."""
        if len(self._run("remote").split()) < 2:
            return None
        try:
            address = self._run("config", "--get", f"remote.{self.remote}.url").decode(errors="replace").strip()
        except ForgeFailed:
            address = self.remote
        found = _HOSTED.fullmatch(address)
        return None if found is None else f"{(found['host'] or found['scp']).removeprefix('ssh.')}/{found['path']}"

    def tip(self, branch: str) -> str | None:
        """The commit that a branch has at the remote at this moment, which is fetched; None if there is no branch."""
        _check_name(branch)
        answer = self._run("ls-remote", self.remote, f"refs/heads/{branch}").decode(errors="replace").split()
        if not answer:
            return None
        # In a clone that was cut off, as those of CI systems are, nobody wants the history of the proposals. That of
        # all else stays as long as it is: cut off at its newest commit, it could not be merged any more.
        ours = branch == PICTURES or branch.startswith(BRANCHES)
        cut = ours and self._run("rev-parse", "--is-shallow-repository").strip() == b"true"
        depth = ("--depth=1",) if cut else ()
        spec = f"+refs/heads/{branch}:refs/powertune/{branch}"
        self._run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *depth, self.remote, spec)
        return self._run("rev-parse", "--verify", f"refs/powertune/{branch}").decode().strip()

    def files(self, commit: str) -> Mapping[str, TreeFile]:
        """The files of a commit by their paths."""
        found = {}
        for line in self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0"):
            head, _, path = line.partition(b"\t")
            if path:
                mode, _, blob, size = head.decode().split()
                found[path.decode(errors="surrogateescape")] = TreeFile(
                    mode=mode, blob=blob, size=int(size) if size.isdigit() else 0
                )
        return found

    def content(self, file: TreeFile) -> bytes:
        """What a file holds."""
        return self._run("cat-file", "blob", file.blob)

    def contents(self, files: Mapping[str, TreeFile]) -> Iterator[tuple[str, bytes]]:
        """What many files hold, by one command."""
        asked = "".join(f"{file.blob}\n" for file in files.values()).encode()
        answer = self._run("cat-file", "--batch", data=asked) if files else b""
        start = 0
        for path, file in files.items():
            head_end = answer.index(b"\n", start)
            size = int(answer[start:head_end].rsplit(b" ", 1)[1])
            if not answer.startswith(file.blob.encode(), start):
                raise ForgeFailed(f"git does not have {path!r}", hint="fetch the branch, and try again")
            yield path, answer[head_end + 1 : head_end + 1 + size]
            start = head_end + 1 + size + 1

    def commit(self, base: str, edits: Sequence[Edit], message: str) -> str:
        """A commit on top of another one, with these edits alone; returns its name. No branch leads to it yet.

        Raises:
            ForgeFailed: a file is a link, or not what the edit was made of.
        """
        files = self.files(base)
        lines = []
        for edit in edits:
            known = files.get(edit.path)
            if known is None or not known.is_plain or self.content(known) != edit.before.encode():
                raise ForgeFailed(f"{edit.path!r} is not what the change was made for", hint="try again")
            lines.append((known.mode, edit.after.encode(), edit.path))
        tree = self._tree(base, lines)
        trailers = f"\n{_TREE}: {tree}\n{_BASE}: {base}\n"
        return self._commit(tree, message.rstrip() + "\n" + trailers, base)

    def is_ours(self, commit: str) -> bool:
        """Whether a commit is as `commit` has made it: with that content, on top of that other commit."""
        head, _, message = self._run("cat-file", "commit", commit).decode(errors="replace").partition("\n\n")
        parents = re.findall(r"^parent (\w+)$", head, flags=re.MULTILINE)
        tree = re.findall(r"^tree (\w+)$", head, flags=re.MULTILINE)
        said = [re.findall(rf"^{name}: (\w+)$", message, flags=re.MULTILINE) for name in (_TREE, _BASE)]
        return [tree, parents] == said and len(parents) == 1

    def put(self, branch: str, commit: str) -> None:
        """Let a branch of a proposal lead to a commit, unless somebody else has commits on it.

        Raises:
            BranchTaken: somebody has; or it was changed at this moment.
        """
        self._check_ours(branch)
        before = self.tip(branch)
        if before is not None and not self.is_ours(before):
            raise BranchTaken(
                f"the branch {branch} holds commits that powertune has not made", hint="merge, close or delete it"
            )
        self._push(branch, commit, before)

    def delete(self, branch: str) -> None:
        """Delete the branch of a proposal; one that somebody else has commits on stays."""
        self._check_ours(branch)
        before = self.tip(branch)
        if before is not None and self.is_ours(before):
            self._push(branch, "", before)

    def keep_picture(self, path: str, picture: bytes) -> str:
        """Keep a picture on the branch of the pictures, unless it is there; returns a commit that holds it.

        Raises:
            BranchTaken: somebody else has put a picture there at this moment.
        """
        before = self.tip(PICTURES)
        if before is not None and path in self.files(before):
            return before
        tree = self._tree(before, [("100644", picture, path)])
        commit = self._commit(tree, "Keep a picture for a pull request\n", *([] if before is None else [before]))
        self._push(PICTURES, commit, before)
        return commit

    def _check_ours(self, branch: str) -> None:
        if not branch.startswith(BRANCHES):
            raise AssertionError(f"{branch!r} is not the branch of a proposal")

    def _push(self, branch: str, commit: str, before: str | None) -> None:
        """Move a branch from where it was seen, and from nowhere else; an empty `commit` deletes it."""
        lease = f"--force-with-lease=refs/heads/{branch}:{before or ''}"
        spec = f"{commit}:refs/heads/{branch}"
        try:
            self._run("push", "--quiet", "--no-verify", lease, self.remote, spec)
        except ForgeFailed as error:
            if "stale info" in error.message or "fetch first" in error.message:
                raise BranchTaken(f"the branch {branch} was changed at this moment", hint="try again") from None
            raise

    def _tree(self, base: str | None, files: Sequence[tuple[str, bytes, str]]) -> str:
        """A tree with these files, as (mode, content, path), in the place of those of another commit."""
        with tempfile.TemporaryDirectory(prefix="powertune-index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if base is not None:
                self._run("read-tree", base, more=index)
            for mode, content, path in files:
                blob = self._run("hash-object", "-w", "--no-filters", "--stdin", data=content).decode().strip()
                self._run("update-index", "--add", "--cacheinfo", mode, blob, path, more=index)
            return self._run("write-tree", more=index).decode().strip()

    def _commit(self, tree: str, message: str, *parents: str) -> str:
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", self.author.name), ("EMAIL", self.author.email))
        }
        onto = [word for parent in parents for word in ("-p", parent)]
        return self._run("commit-tree", tree, *onto, data=message.encode(), more=who).decode().strip()

    def _run(self, *arguments: str, data: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
        return self.git.run(*_CAUTIOUS, *arguments, data=data, more=more)


def _check_name(branch: str) -> None:
    if not _NAME.fullmatch(branch) or ".." in branch:
        raise UsageError(f"{shown(branch)} is not the name of a branch", hint="for example main")
