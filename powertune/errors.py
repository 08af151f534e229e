"""Every way to fail, its exit code and its next step.

The tree::

    PowertuneError
    ├── Bug                     1    an exception that nothing foresaw
    ├── UsageError              2    wrong usage, configuration or results file
    │   ├── LibraryMissing      2    a slim installation leaves the library out
    │   ├── BaselineMissing     2    there is no baseline of what is judged
    │   ├── FunctionRefused     2    the function is of a kind that cannot be tuned
    │   ├── FunctionBusy        2    another run, or a deployment, is changing the function
    │   │   ├── AlreadyExists   2    an alias of that name exists
    │   │   └── Changed         2    a precondition failed: the function has changed
    │   ├── StackFailed         2    a stack could not be created, updated or deleted
    │   ├── PlaceNotFound       2    infrastructure code does not define the function
    │   ├── PlaceAmbiguous      2    infrastructure code may define it in several places
    │   ├── PlaceRefused        2    infrastructure code cannot be changed without guessing
    │   ├── ForgeFailed         2    git or the forge has refused something
    │   │   └── BranchTaken     2    somebody else has commits on the branch of a proposal
    │   └── SizeRefused         2    the function cannot be published at this size
    │       └── MemorySizeRefused 2  the account may not use this much memory
    ├── IdentityError           3    no usable AWS identity or region
    ├── AccessDenied            4    the IAM action is named
    │   └── CopyDenied          4    creating a copy is denied, and none exists
    ├── NotFound                5    function, alias or bucket not found
    ├── Unavailable             6    AWS unavailable or throttling after all retries
    │   └── OutOfTime           6    a worker has no time left; another one goes on
    ├── FunctionFailed          7    the function under test failed at every size
    ├── Inconclusive            8    not enough measurements for an answer
    │   └── GateInconclusive    8    a gate can tell neither that a build passes nor that it fails
    ├── NotRestored             9    the function may still hold a trial configuration
    │   ├── DeployedMeanwhile   9    somebody has deployed new code at a trial size: only they know what is meant
    │   └── NotRestorable       9    trying again helps nobody before somebody has done something about it
    ├── FindingsFound          10    a scan has found what --fail-on names
    ├── CanaryFailed           10    a canary is worse than the version before, and is rolled back
    ├── GateFailed             10    a build is worse than its budgets or its baseline allow
    └── Interrupted           130    by the user; restored and saved
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of the process; `docs/reference/exit-codes.md` is tested against it."""

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
    FAILED = 10
    INTERRUPTED = 130


class PowertuneError(Exception):
    """A failure with a cause (`message`) and a next step (`hint`)."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Bug(PowertuneError):
    """An `exception` that nothing foresaw, where others are to come to their end before it is shown."""

    def __init__(self, exception: BaseException) -> None:
        super().__init__(f"a bug in powertune: {exception!r}")
        self.exception = exception


class UsageError(PowertuneError):
    """A wrong option, configuration, payload or file."""

    exit_code = ExitCode.USAGE


class LibraryMissing(UsageError):
    """What was asked for needs a library that a slim installation leaves out."""

    def __init__(self, what: str, library: str) -> None:
        super().__init__(f"{what} needs {library}, which is not installed", hint=f"pip install {library}")


class BaselineMissing(UsageError):
    """There is no baseline of the function, size, events and branch that are asked for."""


class FunctionRefused(UsageError):
    """The kind or state of the function does not allow tuning its memory size."""


class FunctionBusy(UsageError):
    """Another run or a deployment is changing the function right now."""


class AlreadyExists(FunctionBusy):
    """An alias of that name already exists."""


class Changed(FunctionBusy):
    """A precondition failed: the function has changed since it was read."""


class SizeRefused(UsageError):
    """Lambda refused to publish the function at this memory size."""


class MemorySizeRefused(SizeRefused):
    """The account may not use this much memory; `limit_mb` is its limit."""

    def __init__(self, message: str, *, limit_mb: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.limit_mb = limit_mb


class StackFailed(UsageError):
    """CloudFormation could not create, update or delete a stack; the message says which resources failed, and why."""


class PlaceNotFound(UsageError):
    """The infrastructure code that was searched does not define the function."""


class PlaceAmbiguous(UsageError):
    """Several places in the infrastructure code may define the function; the message lists them."""


class PlaceRefused(UsageError):
    """The infrastructure code cannot be read, or not be changed without guessing or changing something else."""


class ForgeFailed(UsageError):
    """`git` or `gh` has refused something; the message holds its own words."""


class BranchTaken(ForgeFailed):
    """The branch of a proposal holds commits of somebody else, or was changed at this moment: it is left alone."""


class IdentityError(PowertuneError):
    """No credentials, expired credentials, or no region."""

    exit_code = ExitCode.IDENTITY


class AccessDenied(PowertuneError):
    """AWS denied an action; the message names it."""

    exit_code = ExitCode.ACCESS_DENIED


class CopyDenied(AccessDenied):
    """AWS denied an action before a copy of the function was created, so none exists."""


class NotFound(PowertuneError):
    """A function, alias, object or file that AWS does not know."""

    exit_code = ExitCode.NOT_FOUND


class Unavailable(PowertuneError):
    """AWS was unavailable or still throttling after all retries."""

    exit_code = ExitCode.UNAVAILABLE


class OutOfTime(Unavailable):
    """A worker of the state machine has no time left for the rest of its turn; another one can go on with it."""


class FunctionFailed(PowertuneError):
    """The function under test failed at every size; of a gate, the baseline failed, or there is none that works."""

    exit_code = ExitCode.FUNCTION_FAILED


class Inconclusive(PowertuneError):
    """The measurements do not support an answer."""

    exit_code = ExitCode.INCONCLUSIVE


class GateInconclusive(Inconclusive):
    """A gate can tell neither that a build passes nor that it fails, which was to fail it."""


class NotRestored(PowertuneError):
    """The function may still hold a trial configuration; the hint is the command that fixes it."""

    exit_code = ExitCode.NOT_RESTORED


class DeployedMeanwhile(NotRestored):
    """Somebody else has deployed new code at a trial size. All but that size is undone; trying again helps nobody."""


class NotRestorable(NotRestored):
    """Restoring was refused, and will be: trying again helps nobody before somebody has done something about it."""


class FindingsFound(PowertuneError):
    """A scan has found what --fail-on names; the reports are written."""

    exit_code = ExitCode.FAILED


class CanaryFailed(PowertuneError):
    """A canary is worse than the version before it; the alias leads to that one again."""

    exit_code = ExitCode.FAILED


class GateFailed(PowertuneError):
    """A build is worse than its budgets or its baseline allow."""

    exit_code = ExitCode.FAILED


class Interrupted(PowertuneError):
    """The user ended the run; the function is restored, and the measurements are saved."""

    exit_code = ExitCode.INTERRUPTED
