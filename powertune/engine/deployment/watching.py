"""Who follows a deployment: asked before anything changes, and told what happens."""

from collections.abc import Sequence
from typing import Protocol

from powertune.aws.stacks.stack_changes import SettingChange, StackChange
from powertune.aws.stacks.stack_events import StackEvent


class StackWatcher(Protocol):
    """A terminal, or whatever stands for one."""

    def confirm(self, question: str) -> bool:
        """Whether to go on."""
        ...

    def changes(self, changes: Sequence[StackChange], settings: Sequence[SettingChange]) -> None:
        """Show what would change: resources; and parameters and tags."""
        ...

    def bucket_created(self, name: str) -> None:
        """Show that a bucket was created for the code, which stays whatever happens."""
        ...

    def begins(self) -> None:
        """From here on, CloudFormation changes the stack, and goes on by itself."""
        ...

    def happened(self, event: StackEvent) -> None:
        """Show what has happened to a resource."""
        ...

    def say(self, text: str) -> None:
        """Show a line."""
        ...
