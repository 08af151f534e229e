"""A `gh` for tests: an executable that keeps pull requests in a file, and records what it is called with."""

import json
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCRIPT = '''#!{python}
"""What `powertune.engine.autopilot.github` uses of gh, with its answers."""
import json, os, sys
from pathlib import Path

store = Path({store!r})
state = json.loads(store.read_text())
arguments = sys.argv[1:]
# Only these commands read stdin.
data = sys.stdin.read() if {{"--body-file", "--input"}} & set(arguments) else ""
state["calls"].append({{"arguments": arguments, "stdin": data, "folder": os.getcwd(),
                       "environment": {{k: v for k, v in os.environ.items() if k.startswith(("GH_", "GIT_"))}}}})
store.write_text(json.dumps(state))


def save():
    store.write_text(json.dumps(state))


def fail(words, code=1):
    sys.stderr.write(words + "\\n")
    sys.exit(code)


def value(name, default=None):
    return arguments[arguments.index(name) + 1] if name in arguments else default


def values(name):
    return [arguments[i + 1] for i, word in enumerate(arguments) if word == name]


def numbered():
    found = [each for each in state["pull_requests"] if str(each["number"]) == arguments[2]]
    return found[0] if found else fail("no pull requests found")


failure = state["failures"].pop(" ".join(arguments[:2]), None)
if failure is not None:
    save()
    fail(failure["words"], failure["code"])
command = tuple(arguments[:2])
if command == ("pr", "list"):
    wanted, head, limit = value("--state", "open"), value("--head"), int(value("--limit", "30"))
    found = [
        each for each in reversed(state["pull_requests"])
        if wanted in ("all", each["state"].lower()) and head in (None, each["headRefName"])
    ]
    fields = value("--json").split(",")
    sys.stdout.write(json.dumps([{{name: each[name] for name in fields}} for each in found[:limit]]))
elif command == ("pr", "create"):
    missing = [each for each in values("--label") if each not in state["labels"]]
    if missing:
        fail("could not add label: '" + missing[0] + "' not found")
    head = value("--head")
    if any(each["headRefName"] == head and each["state"] == "OPEN" for each in state["pull_requests"]):
        fail("a pull request for branch " + repr(head) + " into branch 'main' already exists")
    if len(data) > 65536:
        fail("GraphQL: Body is too long (maximum is 65536 characters) (createPullRequest)")
    number = len(state["pull_requests"]) + 1
    state["pull_requests"].append({{
        "number": number, "url": f"https://github.com/acme/shop/pull/{{number}}", "state": "OPEN",
        "title": value("--title"), "headRefName": head, "baseRefName": value("--base"), "isCrossRepository": False,
        "body": data, "labels": [{{"name": each}} for each in values("--label")], "closedAt": None, "mergedAt": None,
        "comments": [], "mergeable": "MERGEABLE",
    }})
    save()
    sys.stdout.write(f"https://github.com/acme/shop/pull/{{number}}\\n")
elif arguments[:3] == ["api", "--method", "PATCH"] and "--input" in arguments:
    prefix, number = arguments[3].rsplit("/", 1)
    if prefix != "repos/{{owner}}/{{repo}}/pulls":
        fail("unknown path")
    fields = json.loads(data)
    if not fields or not set(fields) <= {{"title", "body"}}:
        fail("unknown fields")
    next(each for each in state["pull_requests"] if str(each["number"]) == number).update(fields)
    save()
elif command == ("pr", "comment"):
    numbered()["comments"].append(data)
    save()
elif command == ("pr", "close"):
    numbered().update(state="CLOSED", closedAt="2027-01-15T08:00:00Z")
    save()
elif command == ("label", "list"):
    sys.stdout.write(json.dumps([{{"name": each}} for each in state["labels"]]))
elif command == ("label", "create"):
    state["labels"].append(arguments[2])
    save()
else:
    fail("unknown command " + repr(arguments))
'''


@dataclass(frozen=True, kw_only=True)
class FakeGh:
    """The executable, and the file that it keeps everything in."""

    path: Path
    store: Path

    @classmethod
    def install(cls, folder: Path) -> "FakeGh":
        """Write it to a folder, which may be put on PATH."""
        folder.mkdir(parents=True, exist_ok=True)
        found = cls(path=folder / "gh", store=folder / "gh.json")
        found._save({"pull_requests": [], "labels": ["bug"], "calls": [], "failures": {}})
        found.path.write_text(_SCRIPT.format(python=sys.executable, store=str(found.store)))
        found.path.chmod(found.path.stat().st_mode | stat.S_IXUSR)
        return found

    @property
    def pull_requests(self) -> list[dict[str, Any]]:
        """All pull requests, as gh knows them."""
        found: list[dict[str, Any]] = self._load()["pull_requests"]
        return found

    @property
    def calls(self) -> list[list[str]]:
        """What it was called with, in order."""
        return [each["arguments"] for each in self._load()["calls"]]

    @property
    def environments(self) -> list[dict[str, str]]:
        """The variables of git and gh that it was called with."""
        return [each["environment"] for each in self._load()["calls"]]

    def change(self, number: int, **changes: Any) -> None:
        """Something that a person does to a pull request."""
        state = self._load()
        state["pull_requests"][number - 1].update(changes)
        self._save(state)

    def add(self, **changes: Any) -> None:
        """A pull request of somebody else."""
        state = self._load()
        number = len(state["pull_requests"]) + 1
        one = {
            "number": number,
            "url": f"https://github.com/acme/shop/pull/{number}",
            "state": "OPEN",
            "title": "",
            "headRefName": "feature",
            "isCrossRepository": False,
            "body": "",
            "labels": [],
            "closedAt": None,
            "mergedAt": None,
            "comments": [],
            "mergeable": "UNKNOWN",
        }
        state["pull_requests"].append({**one, **changes})
        self._save(state)

    def fail_next(self, command: str, words: str, code: int = 1) -> None:
        """Let the next call of a command, such as `pr create`, fail with these words."""
        state = self._load()
        state["failures"][command] = {"words": words, "code": code}
        self._save(state)

    def forget_calls(self) -> None:
        """Begin to record anew."""
        self._save({**self._load(), "calls": []})

    def _load(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.read_text())
        return found

    def _save(self, state: dict[str, Any]) -> None:
        temporary = self.store.with_suffix(".new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self.store)
