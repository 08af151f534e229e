"""An executable that stands in for powertune: it keeps what it was called with, and answers as it was told."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python}
import json, os, signal, sys
from pathlib import Path

here = Path(__file__).parent
told = json.loads((here / "told.json").read_text())
called = {{"words": sys.argv[1:], "folder": os.getcwd(), "variables": dict(os.environ)}}
(here / "called.json").write_text(json.dumps(called))
for word in (b for a, b in zip(sys.argv, sys.argv[1:]) if a == "-o"):
    text = told["reports"].get(Path(word).suffix)
    if text is not None:
        Path(word).write_text(text)
if sys.argv[1] == "gate" and ".md" in told["reports"]:
    with open(os.environ["GITHUB_STEP_SUMMARY"], "a") as summary:
        summary.write(told["reports"][".md"])
if told["waits"]:
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    (here / "waiting").touch()
    signal.pause()
if told["code"] < 0:
    os.kill(os.getpid(), -told["code"])
sys.exit(told["code"])
"""
REPORTS = {".md": "# Gate passed\n", ".json": "{}\n", ".xml": "<testsuites/>\n", ".html": "<!doctype html>\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StubPowertune:
    """The stub in a folder of its own.

    `code` is its exit code, or a signal that ends it, as a negative number. If it `waits`, SIGINT ends it with 130.
    """

    folder: Path
    code: int = 0
    waits: bool = False
    reports: dict[str, str] = field(default_factory=lambda: dict(REPORTS))

    @property
    def program(self) -> Path:
        """The executable."""
        self.folder.mkdir(exist_ok=True)
        program = self.folder / "powertune"
        program.write_text(_PROGRAM.format(python=sys.executable))
        program.chmod(0o755)
        (self.folder / "told.json").write_text(
            json.dumps({"code": self.code, "waits": self.waits, "reports": self.reports})
        )
        return program

    @property
    def called(self) -> dict[str, Any] | None:
        """What it was called with: `words`, `folder` and `variables`; None if it was not."""
        path = self.folder / "called.json"
        return json.loads(path.read_text()) if path.exists() else None
