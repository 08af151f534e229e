"""Whether a run can go on that another process has begun: $LATEST has to be what the run found."""

from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.holder import changed
from powertune.aws.journal import JournalLock
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import restore_memory


def latest_as_found(function: LambdaFunction, lock: JournalLock, fingerprint: str) -> FunctionSnapshot:
    """$LATEST with its original size, which is put back if a process has died while another one was set.

    Raises:
        FunctionBusy: somebody else has changed the function meanwhile.
        NotRestored: new code was deployed while $LATEST held a trial size.
    """
    restore_memory(function, lock.journal)
    found = function.wait_until_updated()
    if found.fingerprint != fingerprint or found.memory_mb != lock.journal.memory_mb:
        raise changed(function.ref.name)
    lock.clear()
    return found
