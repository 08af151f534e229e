"""The one way to call AWS: rate-limited, retried where that is safe, and translated into our errors."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event
from typing import ParamSpec, TypeVar

from powertune.aws.actions import ACTIONS, operation_of
from powertune.aws.boto_clients import BotoClients
from powertune.aws.error_translation import SIGN_IN, aws_errors, is_network, is_transient, raise_translated
from powertune.aws.http import fetch
from powertune.aws.identity import Identity, Unchanging
from powertune.aws.rate_limit import RateLimiter
from powertune.aws.retry import Backoff, retry, signed
from powertune.errors import IdentityError

_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_ATTEMPTS = 9
_FIRST_ATTEMPTS = 3
#: Undoing continues through an outage of AWS or the network for at least this long.
UNDO_PATIENCE_S = 180.0
#: How often one attempt is signed anew.
_RENEWALS = 3


@dataclass(slots=True)
class Aws:
    """AWS, called politely. Sleep, jitter and the download are injected, so that a test takes no time and no network.

    `give_up` is called before each attempt, and may raise to end the patience with a call. `reached` is set once AWS
    has answered; all that uses one connection shares it, so that undoing is always patient. `attempts` is how often
    a call is made, and `patience_s` for how long it is made even after that, from its first attempt on. `identity`
    is asked for other credentials when AWS refuses those it has. `counted` is told the operation of every attempt.
    """

    clients: BotoClients
    region: str
    limiter: RateLimiter
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    fetch: Callable[[str, int], bytes] = fetch
    give_up: Callable[[], None] = lambda: None
    reached: Event = field(default_factory=Event)
    attempts: int = _ATTEMPTS
    patience_s: float = 0.0
    clock: Callable[[], float] = time.monotonic
    identity: Identity = field(default_factory=Unchanging)
    counted: Callable[[str], None] = lambda _: None

    @property
    def backoff(self) -> Backoff:
        """How to wait between attempts."""
        return Backoff(sleep=self.sleep, jitter=self.jitter)

    def patient(self) -> "Aws":
        """The same, for undoing: it outlasts an outage of minutes, and cannot be told to give up."""
        return replace(self, patience_s=UNDO_PATIENCE_S, give_up=lambda: None)

    def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a boto3 client method; waits out throttling, 5xx, timeouts and updates under way.

        Only for calls that may safely be sent twice; `invoke` is not one of them.

        Raises:
            AlreadyExists, Changed: as AWS says, at once.
            AccessDenied, IdentityError, NotFound, UsageError: what AWS refused.
            FunctionBusy: an update of the function did not end.
            Unavailable: AWS kept failing or throttling.
            AssertionError: the method is not in `ACTIONS`; nothing was sent.
        """
        return self.request(operation_of(method), lambda: method(*args, **kwargs))

    def request(self, operation: str, send: Callable[[], R]) -> R:
        """As `call`, for what takes more than the method itself, such as reading the body of its answer.

        Args:
            operation: the call that `send` makes, a key of `ACTIONS`.
        """
        if operation not in ACTIONS:
            raise AssertionError(f"{operation} is not in powertune.aws.actions.ACTIONS, so no policy allows it")
        began = self.clock()

        def paced() -> R:
            self.give_up()
            if ACTIONS[operation].rate_limited:
                self.limiter.acquire()
            _log.debug("%s", operation)
            self.counted(operation)
            return send()

        def judge(error: Exception, attempt: int, slept_s: float) -> None:
            _log.debug("%s: %s", operation, error)
            elapsed_s = max(slept_s, self.clock() - began)
            if not is_transient(error) or self._is_last(attempt, elapsed_s, error):
                raise_translated(error, operation)
            if attempt == _FIRST_ATTEMPTS:
                _log.warning("%s failed; retrying: %s", ACTIONS[operation].name, error)

        try:
            answer = retry(
                lambda: signed(self.identity, paced, most=_RENEWALS), judge, self.backoff, errors=aws_errors()
            )
        except RuntimeError as error:
            if "expired" not in str(error):
                raise
            # What botocore raises when the source of credentials hands out ones that have expired.
            raise IdentityError(f"no AWS credentials: {error}".lower(), hint=SIGN_IN) from error
        self.reached.set()
        return answer

    def _is_last(self, attempt: int, elapsed_s: float, error: Exception) -> bool:
        """Whether to give up. An endpoint that has never answered is probably not there."""
        if is_network(error) and not self.reached.is_set():
            return attempt >= min(self.attempts, _FIRST_ATTEMPTS) - 1
        return attempt >= self.attempts - 1 and elapsed_s >= self.patience_s
