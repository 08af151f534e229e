"""A token bucket that keeps our control-plane calls well below the quota shared with the user's deployments."""

from collections.abc import Callable
from threading import Lock


class RateLimiter:
    """Lets `rate` calls per second through, and up to `burst` at once after a quiet time. Shared by threads.

    Lambda allows 15 control-plane calls per second and region, in total and for everybody (Lambda quotas).
    """

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._tokens = burst
        self._filled_at = clock()

    def acquire(self) -> None:
        """Wait for this call's turn."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._sleep(wait)
