"""AWS Compute Optimizer, as far as it speaks of functions: it answers what tests have put there.

An account that nothing was put into has not opted in, as is so of a new account.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse

SERVICE = "compute-optimizer"
_MOST = 1_000


class Recommendations:
    """What Compute Optimizer has of functions, by account and region: documents as its API answers them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def add(self, account: str, region: str, documents: Iterable[dict[str, Any]]) -> None:
        """Put recommendations there; one about the same version takes the place of the one before."""
        with self._lock:
            for document in documents:
                known = self._known[account, region]
                known[:] = [each for each in known if each["functionArn"] != document["functionArn"]] + [document]

    def of(self, account: str, region: str) -> tuple[dict[str, Any], ...] | None:
        """All of a place; None if the account has not opted in."""
        with self._lock:
            return tuple(self._known[account, region]) if (account, region) in self._known else None


class OptInRequiredException(ServiceException):
    """The account has not opted in."""

    code = "OptInRequiredException"
    message = "AWS account is not registered for recommendations."


class RecommendationsResponse(BaseResponse):
    """One request to Compute Optimizer. `known` is set on a subclass."""

    known: ClassVar[Recommendations]

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    def get_lambda_function_recommendations(self) -> ActionResult:
        """GetLambdaFunctionRecommendations, by ARN or all of them in pages; filters are not looked at."""
        found = self.known.of(self.current_account, self.region)
        if found is None:
            raise OptInRequiredException()
        asked = self._get_params()
        wanted = asked.get("functionArns") or ()
        chosen = [each for each in found if not wanted or _is_one_of(each["functionArn"], wanted)]
        first = int(asked.get("nextToken") or 0)
        last = first + int(asked.get("maxResults") or _MOST)
        answer: dict[str, Any] = {"lambdaFunctionRecommendations": chosen[first:last]}
        if last < len(chosen):
            answer["nextToken"] = str(last)
        return ActionResult(answer)


def _is_one_of(arn: str, wanted: Iterable[str]) -> bool:
    """Whether an ARN with a version is wanted, with or without the version."""
    return bool({arn, arn.rpartition(":")[0]}.intersection(wanted))


def application(known: Recommendations) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The service as a WSGI application."""
    responder: Any = type("InstalledRecommendations", (RecommendationsResponse,), {"known": known})

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        from werkzeug.wrappers import Response

        request = Request(environ)
        status, headers, body = responder.dispatch(request, request.url, dict(request.headers))
        return Response(body, status=status, headers=headers)(environ, start_response)

    return answer
