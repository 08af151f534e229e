"""Every way to fail, its exit code and its next step.

The tree::

    PowertuneError
    ├── UsageError              2    wrong usage, configuration or results file
    │   ├── FunctionRefused     2    the function is of a kind that cannot be tuned
    │   ├── FunctionBusy        2    another run, or a deployment, is changing the function
    │   │   ├── AlreadyExists   2    an alias of that name exists
    │   │   └── Changed         2    a precondition failed: somebody else has deployed
    │   └── SizeRefused         2    the function cannot be published at this size
    │       └── MemorySizeRefused 2  this account may not use so much memory
    ├── IdentityError           3    no usable AWS identity or region
    ├── AccessDenied            4    the IAM action is named
    │   └── CopyDenied          4    no copy of the function may be made, and none was
    ├── NotFound                5    function, alias or bucket not found
    ├── Unavailable             6    AWS unavailable or throttling after retries
    ├── FunctionFailed          7    the function under test failed at every size
    ├── Inconclusive            8    not enough evidence for an answer
    ├── NotRestored             9    the function may still hold a trial configuration
    └── Interrupted           130    by the person; restored and saved
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers to its caller; `docs/reference/exit-codes.md` is tested against it."""

    DONE = 0
    BUG = 1
    USAGE = 2
    IDENTITY = 3
    ACCESS_DENIED = 4
    NOT_FOUND = 5
    UNAVAILABLE = 6
    FUNCTION_FAILED = 7
    INCONCLUSIVE = 8
    NOT_RESTORED = 9
    INTERRUPTED = 130


class PowertuneError(Exception):
    """A failure with a cause (the message) and a next step (the hint)."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PowertuneError):
    """A wrong option, configuration, payload or file."""

    exit_code = ExitCode.USAGE


class FunctionRefused(UsageError):
    """The function is of a kind, or in a state, that cannot be tuned by memory size."""


class FunctionBusy(UsageError):
    """Another run, or somebody's deployment, is changing the function at this moment."""


class AlreadyExists(FunctionBusy):
    """An alias of that name exists already."""


class Changed(FunctionBusy):
    """A precondition failed: the function is no longer what it was when it was read."""


class SizeRefused(UsageError):
    """Lambda does not make the function ready at this memory size."""


class MemorySizeRefused(SizeRefused):
    """This account may not use so much memory; `limit_mb` is the most that it may."""

    def __init__(self, message: str, *, limit_mb: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.limit_mb = limit_mb


class IdentityError(PowertuneError):
    """No credentials, expired credentials, or no region."""

    exit_code = ExitCode.IDENTITY


class AccessDenied(PowertuneError):
    """AWS refused an action; the message names it."""

    exit_code = ExitCode.ACCESS_DENIED


class CopyDenied(AccessDenied):
    """AWS refused an action before a copy of the function was created, so none exists."""


class NotFound(PowertuneError):
    """A function, alias, object or file that AWS does not know."""

    exit_code = ExitCode.NOT_FOUND


class Unavailable(PowertuneError):
    """AWS did not answer, or kept throttling, after all retries."""

    exit_code = ExitCode.UNAVAILABLE


class FunctionFailed(PowertuneError):
    """The function under test failed at every size."""

    exit_code = ExitCode.FUNCTION_FAILED


class Inconclusive(PowertuneError):
    """The evidence does not carry an answer."""

    exit_code = ExitCode.INCONCLUSIVE


class NotRestored(PowertuneError):
    """The function may still hold a trial configuration; the hint is the command that fixes it."""

    exit_code = ExitCode.NOT_RESTORED


class Interrupted(PowertuneError):
    """The person ended the run; the function is restored, and what was measured is saved."""

    exit_code = ExitCode.INTERRUPTED
