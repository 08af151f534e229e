"""One comment for each gate on a pull request, found again by a hidden marker and updated in place."""

import re
from dataclasses import dataclass

from github_api import GitHub, GitHubRefused
from runner import StepFailed

#: The most characters of a comment that GitHub takes.
BODY_LIMIT = 65_536
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CUT = "*This report was shortened. The artifact of the workflow run holds all of it.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyComment:
    """What a comment says, and on which pull request. `footer` stays, however long the text is."""

    pull_request: int
    key: str
    text: str
    footer: str

    def __post_init__(self) -> None:
        if _KEY.fullmatch(self.key) is None:
            raise StepFailed(f"comment key {self.key!r}: use 1 to 64 letters, digits, dots, hyphens or underscores")

    @property
    def marker(self) -> str:
        """What the comment starts with. It is not shown."""
        return f"<!-- powertune-gate: {self.key} -->"

    @property
    def body(self) -> str:
        """The comment in Markdown, as long as GitHub allows."""
        room = BODY_LIMIT - len(f"{self.marker}\n\n\n{self.footer}\n")
        text = self.text.strip()
        if _length(text) <= room:
            return f"{self.marker}\n{text}\n\n{self.footer}\n"
        # The note comes first: what is cut off may have closed a table or a folded section.
        room -= _length(f"{_CUT}\n\n\n```")
        kept = text.encode("utf-16-le")[: 2 * room].decode("utf-16-le", errors="ignore")
        kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
        fence = "\n```" if kept.count("```") % 2 else ""
        return f"{self.marker}\n{_CUT}\n\n{kept}{fence}\n\n{self.footer}\n"


def post(github: GitHub, comment: StickyComment) -> tuple[int, str]:
    """Update the comment of that key if the token's own user has written one, else create it; its ID and its address.

    Raises:
        GitHubRefused: the token may not write, or GitHub is not there.
    """
    found = _find(github, comment)
    if found is not None:
        try:
            posted = github.update(f"/issues/comments/{found}", {"body": comment.body})
            return int(posted["id"]), str(posted["html_url"])
        except GitHubRefused as refused:
            if refused.status != 404:  # Somebody has deleted it since it was listed.
                raise
    posted = github.create(f"/issues/{comment.pull_request}/comments", {"body": comment.body})
    return int(posted["id"]), str(posted["html_url"])


def _find(github: GitHub, comment: StickyComment) -> int | None:
    login = github.login()
    for listed in github.listed(f"/issues/{comment.pull_request}/comments"):
        author = listed.get("user") or {}
        if author.get("login") == login and str(listed.get("body") or "").startswith(comment.marker):
            return int(listed["id"])
    return None


def _length(text: str) -> int:
    """In UTF-16 code units, of which no other way to count characters finds more."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
