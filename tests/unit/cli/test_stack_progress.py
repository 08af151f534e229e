"""What a person sees of a deployment: changes, questions, and events on a terminal and elsewhere."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from rich.console import Console

from powertune.aws.stacks.stack_changes import SettingChange, StackChange
from powertune.aws.stacks.stack_events import StackEvent
from powertune.cli.stack_progress import StackProgress, check_terminal
from powertune.cli.tables.changes import changes_text, settings_text
from powertune.errors import Interrupted, UsageError

CHANGES = (
    StackChange(action="Add", resource="ResultsBucket", type="AWS::S3::Bucket"),
    StackChange(action="Modify", resource="Rule", type="AWS::Events::Rule", replacement="True"),
    StackChange(action="Remove", resource="Old", type="AWS::Logs::LogGroup", replacement="Conditional"),
)
SETTINGS = (
    SettingChange(name="PayloadBucket", before=None, after="my-payloads"),
    SettingChange(name="tag team", before="shop", after=None),
)


def event(resource: str, status: str, reason: str | None = None) -> StackEvent:
    return StackEvent(
        id=f"{resource}{status}",
        at=datetime(2026, 11, 27, 12, 30, 5, tzinfo=UTC),
        resource=resource,
        type="AWS::S3::Bucket",
        status=status,
        reason=reason,
    )


def test_changes_are_a_table() -> None:
    assert changes_text(CHANGES) == (
        "action  resource       type                 replacement\n"
        "add     ResultsBucket  AWS::S3::Bucket\n"
        "modify  Rule           AWS::Events::Rule    yes\n"
        "remove  Old            AWS::Logs::LogGroup  maybe"
    )


def test_parameters_and_tags_are_shown_from_what_to_what() -> None:
    assert settings_text(SETTINGS) == "PayloadBucket: (none) -> my-payloads\ntag team: shop -> (none)"


def test_without_a_terminal_each_event_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with StackProgress("deployed", ask=False) as progress:
        progress.changes(CHANGES[:1], SETTINGS)
        assert progress.confirm("create?")
        progress.say("uploaded")
        progress.happened(event("Bucket", "CREATE_IN_PROGRESS", "Resource creation Initiated"))
        progress.happened(event("Bucket", "CREATE_FAILED", "name taken\x1b[2J"))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-3:] == [
        "uploaded",
        "12:30:05  CREATE_IN_PROGRESS  Bucket (AWS::S3::Bucket)",
        "12:30:05  CREATE_FAILED  Bucket (AWS::S3::Bucket): name taken�[2J",
    ]


def test_quiet_says_only_what_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with StackProgress("deployed", ask=False, quiet=True) as progress:
        progress.changes(CHANGES, SETTINGS)
        progress.say("uploaded")
        progress.happened(event("Bucket", "CREATE_COMPLETE"))
        progress.happened(event("Bucket", "CREATE_FAILED", "name taken"))
    assert capfd.readouterr().err == "12:30:05  CREATE_FAILED  Bucket (AWS::S3::Bucket): name taken\n"


def test_on_a_terminal_each_resource_has_a_line_that_changes() -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with StackProgress("deployed", ask=False, terminal=terminal) as progress:
        progress.happened(event("Bucket", "CREATE_IN_PROGRESS"))
        progress.happened(event("Other", "CREATE_FAILED", "name taken"))
        progress.happened(event("Bucket", "CREATE_COMPLETE"))
        assert progress.confirm("go on?")
    last = screen.getvalue().rsplit("\x1b[2K", 1)[-1]
    assert [line.split() for line in last.splitlines() if line.strip()][:2] == [
        ["CREATE_COMPLETE", "Bucket", "AWS::S3::Bucket"],
        ["CREATE_FAILED", "Other", "AWS::S3::Bucket", "name", "taken"],
    ]


def test_without_a_terminal_nothing_is_changed_unless_yes_is_said() -> None:
    check_terminal("deploy", "powertune", yes=True)
    with pytest.raises(UsageError, match="no terminal to ask on before stack powertune is changed") as refused:
        check_terminal("destroy", "powertune", yes=False)
    assert refused.value.hint == "powertune destroy --yes does not ask"


def interrupted(at: Callable[[StackProgress], object], *, ask: bool = False) -> Interrupted:
    """What is said of an interruption after these steps."""

    def whole() -> None:
        with StackProgress("deployed", ask=ask, quiet=True) as progress:
            at(progress)
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as told:
        whole()
    return told.value


def test_who_interrupts_is_told_what_that_leaves() -> None:
    nothing = interrupted(lambda _: None)
    assert (nothing.message, nothing.hint) == ("interrupted; nothing was deployed", None)
    agreed = interrupted(lambda progress: progress.confirm("create?"))
    assert agreed.message == "interrupted; nothing was deployed"
    bucket = interrupted(lambda progress: progress.bucket_created("code"))
    assert bucket.message == "interrupted; nothing was deployed, but the bucket code was created"
    assert bucket.hint == "to delete it: aws s3 rb s3://code --force"
    for began in (StackProgress.begins, lambda progress: progress.happened(event("Bucket", "CREATE_IN_PROGRESS"))):
        assert interrupted(began).message == "interrupted; CloudFormation goes on by itself"


def test_who_interrupts_at_a_question_is_told_that_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard:
        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Keyboard())
    told = interrupted(lambda progress: progress.confirm("create?"), ask=True)
    assert told.message == "interrupted; nothing was changed"
