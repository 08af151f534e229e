"""The few calls to GitHub's API that comments need."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

_PAGE = 100
_MOST_PAGES = 100
_TIMEOUT_S = 30.0
_PAUSES_S = (1.0, 4.0, 16.0)
_TRANSIENT = (429, 500, 502, 503, 504)


class GitHubRefused(Exception):
    """GitHub answered with an error, or not at all (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}" if status else f"GitHub did not answer: {message}")
        self.status = status

    @property
    def is_permission(self) -> bool:
        """Whether the token may not do this. A private repository is not found by a token that may not see it."""
        return self.status in (401, 403, 404)


class GitHub:
    """A repository, as a token may see it.

    Args:
        repository: `owner/name`.
        api: the addresses of the REST API and of GraphQL.
        sleep: waits between two tries.
    """

    def __init__(
        self, repository: str, token: str, api: tuple[str, str], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._token = token
        self._root = f"{api[0]}/repos/{repository}"
        self._graphql = api[1]
        self._sleep = sleep

    def login(self) -> str:
        """Who the token acts as, such as `github-actions[bot]`. REST does not tell the token of a workflow."""
        answer = self._send("POST", self._graphql, {"query": "query { viewer { login } }"}, repeatable=True)
        try:
            return str(answer["data"]["viewer"]["login"])
        except (KeyError, TypeError) as error:
            raise GitHubRefused(200, f"no login in {json.dumps(answer)[:200]}") from error

    def listed(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """All items of a list, page by page."""
        for page in range(1, _MOST_PAGES + 1):
            asked = urlencode({**query, "per_page": _PAGE, "page": page})
            items = self._send("GET", f"{self._root}{path}?{asked}", None, repeatable=True)
            yield from items
            if len(items) < _PAGE:
                return

    def create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create something, in one try: a second one could create it twice."""
        created: Mapping[str, Any] = self._send("POST", f"{self._root}{path}", body, repeatable=False)
        return created

    def update(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change what is there."""
        updated: Mapping[str, Any] = self._send("PATCH", f"{self._root}{path}", body, repeatable=True)
        return updated

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None, *, repeatable: bool) -> Any:
        pauses = _PAUSES_S if repeatable else ()
        for pause in pauses:
            try:
                return self._once(method, url, body)
            except GitHubRefused as refused:
                if refused.status and refused.status not in _TRANSIENT:
                    raise
            self._sleep(pause)
        return self._once(method, url, body)

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "powertune-action"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - from the runner
        # Not sent on if GitHub redirects.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise GitHubRefused(error.code, _message(error.read())) from error
        except (OSError, ValueError) as error:
            raise GitHubRefused(0, str(error)) from error


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace")[:200]
