"""What a creation has left that failed: a stack without resources, whose name cannot be used before it is deleted."""

from powertune.aws.stacks.deployed_stack import DeployedStack, StackState
from powertune.engine.deployment.watching import StackWatcher


def delete_leftover(stack: DeployedStack, existing: StackState, watcher: StackWatcher) -> bool:
    """Delete it, after asking; False if that was not wanted.

    Raises:
        StackFailed: it could not be deleted.
    """
    watcher.say(f"stack {stack.name} is {existing.status}: an earlier deployment failed, and left nothing but this")
    if not watcher.confirm("delete it?"):
        return False
    watcher.begins()
    stack.delete(existing, watcher.happened)
    return True
