"""Real git repositories for tests: a clone of a person, and the bare repository that is its origin."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from proposals import TEMPLATE

#: Neither the configuration of the person who runs the tests, nor their names.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Jo",
    "GIT_AUTHOR_EMAIL": "jo@example.com",
    "GIT_COMMITTER_NAME": "Jo",
    "GIT_COMMITTER_EMAIL": "jo@example.com",
}


@dataclass(frozen=True, kw_only=True)
class GitClone:
    """A clone at `work`, and its origin."""

    work: Path
    origin: Path

    @classmethod
    def make(cls, folder: Path, files: dict[str, str] | None = None) -> "GitClone":
        """With these files on `main`, by default one template."""
        clone = cls(work=folder / "work", origin=folder / "origin.git")
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(clone.origin))
        git(folder, "init", "--quiet", "--initial-branch=main", str(clone.work))
        clone.git("remote", "add", "origin", str(clone.origin))
        clone.commit(files or {"template.yaml": TEMPLATE, "README.md": "# Shop\n"}, "Begin")
        clone.git("push", "--quiet", "origin", "main")
        return clone

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        return git(self.work, *arguments)

    def at_origin(self, *arguments: str) -> str:
        """Run git in the origin."""
        return git(self.origin, *arguments)

    def commit(self, files: dict[str, str], message: str) -> None:
        """Write files, and commit them."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def snapshot(self) -> dict[str, str]:
        """All that is the person's in the clone: its files, its branches, its index, and what is checked out."""
        refs = self.git("for-each-ref", "refs/heads", "refs/tags", "refs/stash").splitlines()
        paths = [path for path in self.work.rglob("*") if ".git" not in path.parts and path.is_file()]
        files = {str(path): path.read_text() for path in paths}
        index = (self.work / ".git" / "index").read_bytes().hex()
        return {**files, "refs": "\n".join(refs), "index": index, "head": self.git("symbolic-ref", "HEAD")}


def git(folder: Path, *arguments: str) -> str:
    """Run git there, without anybody's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**kept, **_ENVIRONMENT}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
