"""All of an apply is in effect, or nothing is: failures, other deployments and signals at every single call."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from applies import (
    AFTER_MB,
    BEFORE_MB,
    ROLLBACK,
    Applying,
    AskedOnArm,
    canary,
    in_effect,
    measured_function,
    run_of,
    settings,
    traffic,
)
from fakes import FakeLambda, client_error
from runs import fail_at_call

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.engine.applying.model import ApplyPlan, ApplyRequest
from powertune.errors import (
    CanaryFailed,
    Changed,
    FunctionBusy,
    Inconclusive,
    NotRestored,
    PowertuneError,
    SizeRefused,
)

PLAIN, ALIAS, CANARY = ApplyRequest(), ApplyRequest(alias="prod"), canary(ApplyRequest(alias="prod"), watch_s=60.0)
ARM, ALIAS_ON_ARM = AskedOnArm(), AskedOnArm(alias="prod")
WAYS = pytest.mark.parametrize(
    "asked", [PLAIN, ALIAS, CANARY, ARM, ALIAS_ON_ARM], ids=["plain", "alias", "canary", "arm", "alias on arm"]
)
#: The same, where every call is made once for each call of a canary.
EACH_WAY = pytest.mark.parametrize(
    "asked",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(ALIAS, id="alias"),
        pytest.param(CANARY, id="canary", marks=pytest.mark.long),
        pytest.param(ARM, id="arm"),
        pytest.param(ALIAS_ON_ARM, id="alias on arm"),
    ],
)
FOUND: tuple[Any, ...] = (BEFORE_MB, "1", {}, "what everybody calls")


class Killed(BaseException):
    """The process ends: nothing is caught, and no more calls are made."""


def die(fake: FakeLambda) -> None:
    """From now on, not even what a process does while it ends is done."""

    def dead(name: str, kwargs: object) -> None:
        raise Killed

    fake.on_call = fake.after_call = dead
    raise Killed


def interrupt() -> None:
    raise KeyboardInterrupt


class AtCall:
    """A hook of the fake's that does something at the n-th call from now on."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self._left = number
        self._act = act

    @property
    def happened(self) -> bool:
        """Whether there was such a call."""
        return self._left < 0

    def __call__(self, name: str, kwargs: object) -> None:
        self._left -= 1
        if self._left == -1:
            self._act()


def failure_of(applying: Applying, plan: ApplyPlan | None) -> PowertuneError | None:
    """What an apply ends with; every failure has a next step."""
    try:
        applying.apply(plan)
    except PowertuneError as error:
        if not error.hint:
            pytest.fail(f"no next step: {error.message}")
        return error
    return None


def fake_with_traffic() -> FakeLambda:
    fake = measured_function()
    traffic(fake, "1", invocations=9_000)
    traffic(fake, "2", invocations=1_000)
    return fake


def applied(asked: ApplyRequest) -> tuple[Any, ...]:
    here: tuple[Any, ...] = (AFTER_MB, "2" if asked.alias else "1", {}, "what everybody calls")
    return (*here, "arm64") if isinstance(asked, AskedOnArm) else here


@WAYS
def test_the_size_is_put_into_effect_and_nothing_else_is_changed(asked: ApplyRequest) -> None:
    fake = fake_with_traffic()
    before = settings(fake)
    done = Applying(fake, asked).apply()
    assert in_effect(fake) == applied(asked)
    assert (done.chosen.memory_mb, done.version) == (AFTER_MB, "2" if asked.alias else None)
    assert settings(fake) == before
    function = fake.functions["fn"]
    assert JOURNAL_ALIAS not in function.aliases
    name = "powertune-applied-prod" if asked.alias else "powertune-applied"
    assert Journal.decode(function.aliases[name]["Description"]).memory_mb == BEFORE_MB
    assert len(function.versions) == (2 if asked.alias else 1)
    if asked.alias:
        assert function.versions["2"]["Description"] == "powertune apply feedbeef, of run 0a1b2c3d"
        assert function.versions["2"]["MemorySize"] == AFTER_MB


@WAYS
def test_what_was_applied_is_taken_back_from_what_the_function_says(asked: ApplyRequest) -> None:
    fake = fake_with_traffic()
    latest, versions, aliases, _ = fake.snapshot("fn")
    Applying(fake, asked).apply()
    notes = Applying(fake, asked).roll_back()
    after = fake.snapshot("fn")
    assert after[0] == latest
    assert {name: _plain(alias) for name, alias in after[2].items()} == {n: _plain(a) for n, a in aliases.items()}
    # What has served production is kept: requests may be on their way to it.
    assert after[1].keys() - versions.keys() == ({"2"} if asked.alias else set())
    assert [note.message for note in notes] == (
        ["version 2 is kept, as requests may still be on their way to it"] if asked.alias else []
    )
    assert all(" --function-name fn --qualifier 2 --region us-east-1" in note.next_step for note in notes)


@WAYS
def test_changes_are_guarded_by_revisions_and_the_code(asked: ApplyRequest) -> None:
    fake = fake_with_traffic()
    Applying(fake, asked).apply()
    guarded = {"update_function_configuration", "update_function_code", "publish_version", "update_alias"}
    calls = [(name, given) for name, given in zip(fake.calls, fake.arguments, strict=True) if name in guarded]
    assert all("RevisionId" in given for _, given in calls)
    assert all("CodeSha256" in given for name, given in calls if name == "publish_version")
    expected = {"update_function_configuration"}
    expected |= {"publish_version", "update_alias"} if asked.alias else set()
    expected |= {"update_function_code"} if isinstance(asked, AskedOnArm) else set()
    assert {name for name, _ in calls} == expected


FAULTS: dict[str, Callable[[], Exception]] = {
    "throttled": lambda: client_error("TooManyRequestsException", "Rate exceeded", 429),
    "failed": lambda: client_error("ServiceException", "oops", 500),
}
LASTING: dict[str, Callable[[], Exception]] = {
    "denied": lambda: client_error("AccessDeniedException", "no", 403),
    "refused": lambda: client_error("InvalidParameterValueException", "not like this"),
}


@EACH_WAY
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_any_call_is_survived(kind: str, lost: bool, asked: ApplyRequest) -> None:
    for at in range(200):
        fake = fake_with_traffic()
        applying = Applying(fake, asked)
        plan = applying.plan()
        happened = fail_at_call(fake, at, FAULTS[kind], lost=lost)
        applying.apply(plan)
        assert in_effect(fake) == applied(asked), f"{kind} at call {at}"
        assert JOURNAL_ALIAS not in fake.functions["fn"].aliases
        if not happened():
            assert at >= 4
            return
    pytest.fail("the apply never comes to its end")


@EACH_WAY
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("kind", LASTING)
def test_a_refusal_at_any_call_leaves_everything_as_it_was_or_says_how_to_undo_it(
    kind: str, lost: bool, asked: ApplyRequest
) -> None:
    for at in range(200):
        fake = fake_with_traffic()
        applying = Applying(fake, asked)
        plan = applying.plan()
        happened = fail_at_call(fake, at, LASTING[kind], lost=lost)
        error = failure_of(applying, plan)
        if isinstance(error, NotRestored):
            assert error.hint == ROLLBACK
            assert JOURNAL_ALIAS in fake.functions["fn"].aliases
            fake.on_call = fake.after_call = lambda name, kwargs: None
            applying.roll_back()
        assert in_effect(fake) == (FOUND if error else applied(asked)), f"{kind} at call {at}"
        assert JOURNAL_ALIAS not in fake.functions["fn"].aliases
        if not happened():
            assert at >= 4
            return
    pytest.fail("the apply never comes to its end")


@EACH_WAY
def test_a_process_that_dies_at_any_call_is_finished_from_another_machine(asked: ApplyRequest) -> None:
    """Whoever reads the function finds what to undo, whatever the last call was."""
    for hook in ("on_call", "after_call"):
        for at in range(200):
            fake = fake_with_traffic()
            applying = Applying(fake, asked)
            plan = applying.plan()
            death = AtCall(at, partial(die, fake))
            setattr(fake, hook, death)
            with suppress(Killed):
                applying.apply(plan)
            fake.on_call = fake.after_call = lambda name, kwargs: None
            function = fake.functions["fn"]
            if JOURNAL_ALIAS in function.aliases:
                applying.roll_back()
                assert in_effect(fake) == FOUND, f"killed at call {at}"
            else:
                assert in_effect(fake) in (FOUND, applied(asked)), f"killed at call {at}"
            assert JOURNAL_ALIAS not in function.aliases
            if not death.happened:
                assert at >= 4
                break
        else:
            pytest.fail("the apply never comes to its end")


def deploy_code(fake: FakeLambda) -> None:
    fake.functions["fn"].configuration |= {"CodeSha256": "new", "RevisionId": "deployed"}


def deploy_settings(fake: FakeLambda) -> None:
    fake.functions["fn"].configuration |= {"Timeout": 7, "RevisionId": "deployed"}


def deploy_size(fake: FakeLambda) -> None:
    fake.functions["fn"].configuration |= {"MemorySize": 3008, "RevisionId": "deployed"}


def move_alias(fake: FakeLambda) -> None:
    function = fake.functions["fn"]
    function.versions.setdefault("9", {**function.versions["1"], "Version": "9"})
    function.aliases["prod"] |= {"FunctionVersion": "9", "RoutingConfig": {}, "RevisionId": "deployed"}


DEPLOYMENTS = {"code": deploy_code, "settings": deploy_settings, "size": deploy_size, "alias": move_alias}


@EACH_WAY
@pytest.mark.parametrize("kind", DEPLOYMENTS)
def test_a_deployment_at_any_call_is_never_overwritten(kind: str, asked: ApplyRequest) -> None:
    for at in range(200):
        fake = fake_with_traffic()
        applying = Applying(fake, asked)
        plan = applying.plan()
        deployment = AtCall(at, partial(DEPLOYMENTS[kind], fake))
        fake.on_call = deployment
        failure_of(applying, plan)
        latest, alias = fake.functions["fn"].configuration, fake.functions["fn"].aliases["prod"]
        assert JOURNAL_ALIAS not in fake.functions["fn"].aliases
        if not deployment.happened:
            assert at >= 4
            return
        if kind == "alias":
            assert alias["FunctionVersion"] == "9", f"at call {at}"
        if kind == "code":
            assert latest["CodeSha256"] == "new"
        if kind == "settings":
            assert latest["Timeout"] == 7
        if kind == "size":
            assert latest["MemorySize"] == 3008, f"at call {at}"
        for version in fake.functions["fn"].versions.values():
            # What was deployed meanwhile is not released by the alias.
            if version["Version"] == alias["FunctionVersion"] and version["Version"] != "9":
                assert version["CodeSha256"] != "new"
                assert version["Timeout"] == 30
                assert version["MemorySize"] in (BEFORE_MB, AFTER_MB)
    pytest.fail("the apply never comes to its end")


@EACH_WAY
def test_an_interruption_at_any_call_takes_everything_back(asked: ApplyRequest) -> None:
    for at in range(200):
        fake = fake_with_traffic()
        applying = Applying(fake, asked)
        plan = applying.plan()
        fake.on_call = AtCall(at, interrupt)
        try:
            applying.apply(plan)
        except KeyboardInterrupt:
            assert applying.interruption.restored
            assert in_effect(fake) == FOUND, f"interrupted at call {at}"
            assert JOURNAL_ALIAS not in fake.functions["fn"].aliases
            continue
        assert in_effect(fake) == applied(asked)
        assert at >= 4
        return
    pytest.fail("the apply never comes to its end")


def test_a_canary_with_more_errors_is_rolled_back() -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=900, errors=3)
    traffic(fake, "2", invocations=100, errors=40)
    applying = Applying(fake, CANARY)
    with pytest.raises(CanaryFailed, match="40 of 100 invocations of version 2 failed, and 3 of 900 of version 1"):
        applying.apply()
    assert in_effect(fake) == FOUND
    assert len(applying.observer.looks) == 1
    assert [name for name in fake.functions["fn"].aliases if name.startswith("powertune")] == []


def test_a_canary_gets_its_share_and_the_old_version_the_rest() -> None:
    fake = fake_with_traffic()
    shares = []

    def look(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_metric_data":
            shares.append(in_effect(fake))

    applying = Applying(fake, canary(ALIAS))
    plan = applying.plan()
    fake.on_call = look
    applying.apply(plan)
    assert set(map(repr, shares)) == {repr((AFTER_MB, "1", {"2": 0.1}, "what everybody calls"))}
    assert 12 <= len(applying.observer.looks) <= 15
    assert applying.clock.now - 1_800_000_000.0 >= 600 + 180 + 30


def test_an_alias_that_leads_to_the_size_already_is_left_as_it_is() -> None:
    """$LATEST gets it, too; what Lambda then publishes is the version that the alias leads to."""
    fake = fake_with_traffic()
    applying = Applying(fake, canary(ALIAS), run=run_of(fake))
    fake.functions["fn"].versions["1"]["MemorySize"] = AFTER_MB
    done = applying.apply()
    assert (done.version, done.judgement) == ("1", None)
    assert in_effect(fake) == (AFTER_MB, "1", {}, "what everybody calls")
    moves = [given for name, given in zip(fake.calls, fake.arguments, strict=True) if name == "update_alias"]
    assert [each for each in moves if each["Name"] == "prod"] == []
    assert applying.roll_back() == ()
    assert in_effect(fake) == FOUND[:1] + in_effect(fake)[1:]


@pytest.mark.parametrize(("new", "old"), [(99, 9_000), (1_000, 99), (0, 0)])
def test_too_few_invocations_are_an_outcome_of_their_own(new: int, old: int) -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=old)
    traffic(fake, "2", invocations=new)
    with pytest.raises(Inconclusive, match="too few invocations to tell") as caught:
        Applying(fake, CANARY).apply()
    assert "--watch" in str(caught.value.hint)
    assert in_effect(fake) == FOUND


def test_an_alias_that_somebody_moves_while_it_is_watched_is_left_to_them() -> None:
    fake = fake_with_traffic()
    applying = Applying(fake, CANARY)
    plan = applying.plan()

    def deploy(name: str, kwargs: object) -> None:
        if name == "get_metric_data" and fake.calls.count("get_metric_data") == 9:
            move_alias(fake)

    fake.on_call = deploy
    with pytest.raises(Changed, match="alias prod of fn leads to version 9: somebody else has changed it"):
        applying.apply(plan)
    assert in_effect(fake) == (BEFORE_MB, "9", {}, "what everybody calls")
    assert [note.message for note in applying.observer.notes] == [
        "alias prod leads to version 9, which somebody else has set; it was not changed",
        "version 2 is kept, as requests may still be on their way to it",
    ]


def test_metrics_that_do_not_come_at_times_are_waited_for() -> None:
    fake = fake_with_traffic()
    applying = Applying(fake, canary(ALIAS))
    plan = applying.plan()
    fake.cloudwatch.status = lambda query: "InternalError" if fake.calls.count("get_metric_data") < 9 else "Complete"
    applying.apply(plan)
    assert in_effect(fake) == applied(CANARY)


def test_a_canary_that_nothing_is_known_of_is_rolled_back() -> None:
    fake = fake_with_traffic()
    applying = Applying(fake, CANARY)
    plan = applying.plan()
    fake.cloudwatch.status = lambda query: "InternalError"
    with pytest.raises(PowertuneError, match="InternalError"):
        applying.apply(plan)
    assert in_effect(fake) == FOUND


def test_a_version_that_lambda_cannot_make_ready_is_not_used() -> None:
    fake = measured_function()

    def fail(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version":
            fake.functions["fn"].versions["2"] |= {"State": "Failed", "StateReason": "no snapshot"}

    fake.after_call = fail
    with pytest.raises(SizeRefused, match="no snapshot"):
        Applying(fake, ALIAS).apply()
    assert in_effect(fake) == FOUND
    # It has never served anybody.
    assert list(fake.functions["fn"].versions) == ["1"]


def test_two_applies_at_one_time_do_not_meet() -> None:
    fake = fake_with_traffic()
    first, second = Applying(fake, ALIAS), Applying(fake, ALIAS, apply_id="0badcafe")
    plan = second.plan()
    other = Journal(run_id="feedbeef", started_at=1, memory_mb=BEFORE_MB).encode()
    fake.create_alias(FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=other)
    with pytest.raises(FunctionBusy, match="run feedbeef is active on fn, or has died on it"):
        second.apply(plan)
    assert in_effect(fake) == FOUND
    with pytest.raises(FunctionBusy, match="run feedbeef is active"):
        first.plan()


def test_undoing_that_fails_says_how_to_finish_it() -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=900)
    traffic(fake, "2", invocations=100, errors=100)
    applying = Applying(fake, CANARY)
    plan = applying.plan()
    moves = []

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "update_alias" and kwargs["Name"] == "prod":
            moves.append(kwargs)
            if len(moves) > 1:
                raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    with pytest.raises(NotRestored) as caught:
        applying.apply(plan)
    assert caught.value.hint == ROLLBACK
    assert in_effect(fake) == (AFTER_MB, "1", {"2": 0.1}, "what everybody calls")
    fake.on_call = lambda name, kwargs: None
    applying.roll_back()
    assert in_effect(fake) == FOUND


def _plain(alias: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in alias.items() if key not in ("RevisionId", "RoutingConfig")}
