"""A git repository of a test, whatever the person who runs it has configured."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_OPTIONS = ("user.name=A Developer", "user.email=developer@example.com", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder, which becomes a repository with the branch `main` if it is none."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        if not (self.folder / ".git").exists():
            self.run("init", "-qb", "main")

    def run(self, *words: str) -> str:
        """What git says."""
        options = [word for option in _OPTIONS for word in ("-c", option)]
        done = subprocess.run(["git", *options, *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, text: str) -> str:
        """Commit a file, and give the commit."""
        (self.folder / name).write_text(text)
        self.run("add", name)
        self.run("commit", "-qm", name)
        return self.run("rev-parse", "HEAD")
