"""Runs on copies: both architectures, or the function itself left alone; and nothing is left, whatever fails."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeLambda, RecordingObserver, client_error, fake_aws
from hypothesis import given
from hypothesis import strategies as st
from runs import READING, PublishingLog, fail_at_call, make_fake, plan_for, target_for, tune

from powertune.aws.copies.lifecycle import copy_of, delete_copy, find_copies
from powertune.aws.journal import JOURNAL_ALIAS, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import undo
from powertune.errors import CopyDenied, FunctionBusy, FunctionRefused, NotRestored, PowertuneError, Unavailable
from powertune.measure import measure
from powertune.model import Architecture, Configuration, FunctionRef, Population
from powertune.plan import Plan

BOTH = tuple(Architecture)
ARM, X86 = Architecture.ARM64, Architecture.X86_64
NAME = "fn-powertune-abcd1234"
KINDS: dict[str, dict[str, Any]] = {
    "both architectures": {"architectures": BOTH},
    "the other one only": {"architectures": (ARM,)},
    "isolated": {"isolate": True},
    "both, isolated": {"architectures": BOTH, "isolate": True},
}


def plan(fake: FakeLambda, kind: str, **options: Any) -> Plan:
    return plan_for(fake, **{**KINDS[kind], **options})


@pytest.mark.parametrize(
    ("kind", "copies", "executed"),
    [
        ("both architectures", {NAME: "arm64"}, {"fn:1", "fn:2", f"{NAME}:1", f"{NAME}:2"}),
        ("the other one only", {NAME: "arm64"}, {f"{NAME}:1", f"{NAME}:2"}),
        ("isolated", {NAME: "x86_64"}, {f"{NAME}:1", f"{NAME}:2"}),
        (
            "both, isolated",
            {NAME: "arm64", f"{NAME}-2": "x86_64"},
            {f"{NAME}:1", f"{NAME}:2", f"{NAME}-2:1", f"{NAME}-2:2"},
        ),
    ],
)
def test_what_is_measured_where(kind: str, copies: dict[str, str], executed: set[str]) -> None:
    fake = make_fake()
    before = fake.snapshot("fn")
    run = tune(fake, plan(fake, kind))
    assert fake.snapshot("fn") == before
    assert {made["FunctionName"]: made["Architectures"][0] for made in fake.created} == copies
    assert set(fake.executed) == executed
    for measurement in run.measurements:
        assert measurement.invocations.count(Population.WARM) >= 4
    assert len(run.measurements) == 2 * len({c.architecture for c in run.design.configurations})


def test_a_search_over_both_architectures_races_them_and_leaves_nothing() -> None:
    fake = make_fake()
    before = fake.snapshot("fn")
    options: dict[str, Any] = {"memory": None, "invocations": None, "architectures": BOTH, "environments": 2}
    made = plan_for(fake, **options)
    assert made.copies == (ARM,)
    assert made.touches_original
    run = tune(fake, made)
    assert fake.snapshot("fn") == before
    assert {c["FunctionName"] for c in fake.created} == {NAME}
    sizes = [sum(m.configuration.architecture is each for m in run.measurements) for each in (X86, ARM)]
    assert min(sizes) >= 2
    assert run.function.current in {m.configuration for m in run.measurements}
    last = run.batches[-1]
    assert last.leader is not None
    finalist = run.measurement(last.leader.configuration)
    assert finalist is not None
    assert set(finalist.invocations.column("lane")) == {0, 1}


def test_a_copy_has_the_functions_configuration_tags_and_log_group() -> None:
    fake = FakeLambda()
    fake.add("fn", Role="arn:r", Environment={"Variables": {"A": "1"}}, LoggingConfig={"LogFormat": "JSON"})
    fake.functions["fn"].tags = {"team": "a"}
    copies: list[dict[str, Any]] = []

    def look(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_function":
            copies.append(dict(fake.functions[NAME].configuration))

    fake.after_call = look
    tune(fake, plan(fake, "both architectures"))
    (copy,) = copies
    function = fake.functions["fn"].configuration
    for key in ("Runtime", "Handler", "Role", "Timeout", "Environment"):
        assert copy[key] == function[key], key
    assert copy["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "/aws/lambda/fn"}
    assert fake.created[0]["Tags"] == {
        "team": "a",
        "powertune:source": function["FunctionArn"],
        "powertune:run": "abcd1234",
    }


def with_runtime_versions(function: str | None, copies: str | None) -> FakeLambda:
    def version(arn: str) -> dict[str, str]:
        return {"RuntimeVersionArn": arn}

    fake = make_fake()
    if function:
        fake.functions["fn"].configuration["RuntimeVersionConfig"] = version(function)

    def pick(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_function" and copies:
            fake.functions[kwargs["FunctionName"]].configuration["RuntimeVersionConfig"] = version(copies)

    fake.after_call = pick
    return fake


def test_a_copy_on_another_runtime_version_is_said() -> None:
    fake = with_runtime_versions("arn:old", "arn:new")
    (advisory,) = [a for a in tune(fake, plan(fake, "isolated")).advisories if a.code == "other-runtime-version"]
    assert advisory.message == f"the copy {NAME} is measured on runtime version arn:new, but fn runs on arn:old"
    assert "--isolate" in advisory.next_step


@pytest.mark.parametrize(
    ("kind", "function", "copies", "why"),
    [
        ("isolated", "arn:same", "arn:same", "it is the same version"),
        ("isolated", None, "arn:new", "the function's is not known"),
        ("isolated", "arn:old", None, "the copy's is not known"),
        ("both architectures", "arn:x86", "arn:arm", "each architecture has ARNs of its own"),
    ],
)
def test_runtime_versions_that_cannot_be_told_apart_are_not_said_to_differ(
    kind: str, function: str | None, copies: str | None, why: str
) -> None:
    fake = with_runtime_versions(function, copies)
    assert "other-runtime-version" not in {a.code for a in tune(fake, plan(fake, kind)).advisories}, why


@pytest.mark.parametrize("kind", ["the other one only", "isolated", "both, isolated"])
def test_the_function_itself_is_never_changed_by_an_isolated_run(kind: str) -> None:
    fake = make_fake()
    touched: set[str] = set()

    def look(name: str, kwargs: dict[str, Any]) -> None:
        where = kwargs.get("FunctionName", "")
        if not name.startswith(READING) and not where.rsplit(":", 1)[-1].startswith(NAME):
            touched.add(f"{name} {where}")

    fake.on_call = look
    tune(fake, plan(fake, kind))
    assert touched == set()


def test_a_run_with_copies_writes_them_into_its_journal_before_it_makes_them() -> None:
    fake = make_fake()
    journals = []

    def look(name: str, kwargs: object) -> None:
        if name == "create_function":
            journals.append(read_journal(LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))))

    fake.on_call = look
    tune(fake, plan(fake, "both architectures"))
    (journal,) = journals
    assert journal is not None
    assert journal.copies == 1


FAULTS: dict[str, Callable[[], Exception]] = {
    "throttled": lambda: client_error("TooManyRequestsException", "Rate exceeded", 429),
    "failed": lambda: client_error("ServiceException", "oops", 500),
    "conflict": lambda: client_error("ResourceConflictException", "An update is in progress for resource", 409),
}


@pytest.mark.long
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_call_is_survived(kind: str, fault: str, lost: bool) -> None:
    small: dict[str, Any] = {"memory": (128,), "invocations": 1, "environments": 1}
    for at in range(1_000):
        fake = make_fake()
        made = plan(fake, kind, **small)
        before = fake.snapshot("fn")
        happened = fail_at_call(fake, at, FAULTS[fault], lost=lost)
        try:
            run = tune(fake, made)
        except PowertuneError as error:
            pytest.fail(f"{fault} at call {at}: {error.message}")
        assert fake.snapshot("fn") == before, f"{fault} at call {at}"
        assert len(run.measurements) == len(made.design.configurations)
        if not happened():
            assert at >= 8
            return
    pytest.fail("the run never comes to its end")


@pytest.mark.long
@given(kind=st.sampled_from(sorted(KINDS)), at=st.integers(0, 40), lost=st.booleans())
def test_a_run_that_died_at_any_call_is_undone_from_what_is_on_aws(kind: str, at: int, lost: bool) -> None:
    """The process is gone: nothing of the run but the journal, and the copies' tags, is known."""
    fake = make_fake()
    made = plan(fake, kind)
    before = fake.snapshot("fn")
    seen = iter(range(10_000))
    dead: list[bool] = []

    def die(name: str, kwargs: object) -> None:
        if dead or (not name.startswith(READING) and next(seen) == at):
            dead.append(True)
            raise client_error("Killed", "the process is gone", 400)

    if lost:
        fake.after_call = die
    else:
        fake.on_call = die
    target = target_for(fake, made)
    try:
        target.open()
        target.publish(made.design.configurations, PublishingLog())
    except PowertuneError:
        pass
    fake.on_call = fake.after_call = lambda name, kwargs: None

    function = LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))
    journal = read_journal(function)
    if journal is not None:
        assert undo(function, journal) == ()
    for copy in find_copies(function):
        assert delete_copy(copy_of(function, copy.name), function.ref, copy.run_id)
    assert fake.snapshot("fn") == before


@pytest.mark.parametrize("kind", KINDS)
def test_interrupting_while_publishing_undoes_everything(kind: str) -> None:
    fake = make_fake()
    made = plan(fake, kind)
    before = fake.snapshot("fn")

    class Interrupting(RecordingObserver):
        def published(self, configuration: Configuration) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(made, target_for(fake, made), Interrupting(), clock=lambda: 0.0, sleep=lambda seconds: None)
    assert fake.snapshot("fn") == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_that_cannot_be_made_ends_the_run_restored(kind: str) -> None:
    fake = make_fake()
    before = fake.snapshot("fn")

    def refuse(name: str, kwargs: object) -> None:
        if name == "create_function":
            raise client_error("AccessDeniedException", "not authorized to perform: iam:PassRole", 403)

    fake.on_call = refuse
    with pytest.raises(PowertuneError, match=r"lambda:CreateFunction.*iam:PassRole"):
        tune(fake, plan(fake, kind))
    assert fake.snapshot("fn") == before


def test_a_copy_whose_creation_goes_on_after_it_was_given_up_is_deleted_too() -> None:
    fake = make_fake()
    made = plan(fake, "isolated")
    before = fake.snapshot("fn")
    late: list[dict[str, Any]] = []
    looks = iter(range(2))

    def lose(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_function":
            late.append(kwargs)
            raise client_error("ServiceException", "no answer", 500)
        if name == "get_function" and late and NAME in kwargs["FunctionName"] and next(looks, None) is None:
            fake.on_call = lambda name, kwargs: None
            fake.create_function(**late[0])

    fake.on_call = lose
    with pytest.raises(Unavailable, match="no answer"):
        tune(fake, made)
    assert len(fake.created) == 1
    assert fake.snapshot("fn") == before


@pytest.mark.parametrize(
    ("kind", "words"), [("isolated", "may still have temporary"), ("both architectures", "a trial configuration")]
)
def test_undo_that_fails_says_how_to_mend_it(kind: str, words: str) -> None:
    fake = make_fake()

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "delete_function" and "Qualifier" not in kwargs:
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    with pytest.raises(NotRestored, match=words) as caught:
        tune(fake, plan(fake, kind))
    assert caught.value.hint == "powertune restore fn"
    assert (JOURNAL_ALIAS in fake.functions["fn"].aliases) == (kind != "isolated")


@pytest.mark.parametrize("kind", ["isolated", "the other one only"])
def test_somebody_deploys_before_the_copy_is_made(kind: str) -> None:
    fake = make_fake()
    made = plan(fake, kind)
    fake.functions["fn"].configuration["CodeSha256"] = "new"
    with pytest.raises(FunctionBusy, match="fn was changed by somebody else"):
        tune(fake, made)
    assert fake.created == []


def test_somebody_changes_a_copy() -> None:
    fake = make_fake()
    made = plan(fake, "isolated")

    def change(name: str, kwargs: dict[str, Any]) -> None:
        if name == "create_alias":
            fake.functions[NAME].configuration["Handler"] = "other.handler"

    fake.after_call = change
    with pytest.raises(FunctionBusy, match=f"{NAME} was changed by somebody else"):
        tune(fake, made)
    assert sorted(fake.functions) == ["fn"]


def test_a_capped_account_measures_the_rest_on_copies_too() -> None:
    fake = make_fake(memory_limit_mb=3008)
    before = fake.snapshot("fn")
    run = tune(fake, plan(fake, "both architectures", memory=(512, 4096)))
    assert {m.configuration.memory_mb for m in run.measurements if m.unmeasured} == {4096}
    assert {m.configuration.architecture for m in run.measurements if not m.unmeasured} == set(BOTH)
    assert fake.snapshot("fn") == before


def test_a_function_that_is_deleted_meanwhile_leaves_no_copies() -> None:
    fake = make_fake()
    made = plan(fake, "both architectures")
    target = target_for(fake, made)
    target.open()
    target.publish(made.design.configurations, PublishingLog())
    del fake.functions["fn"]
    target.undo()
    assert fake.functions == {}
    assert "fn no longer exists" in target.advisories[0].message


def test_a_copy_is_not_tuned() -> None:
    fake = make_fake()
    fake.add(NAME)
    with pytest.raises(FunctionRefused, match=f"{NAME} is a temporary copy that a run has made"):
        plan_for(fake, NAME)
    fake.functions["fn"].tags = {"powertune:source": "arn:aws:lambda:us-east-1:123456789012:function:other"}
    with pytest.raises(FunctionRefused, match=r"a temporary copy of arn:.*:other"):
        plan_for(fake)


def without_copies(fake: FakeLambda, denied: str = "create_function") -> None:
    """An identity that may do nothing with functions but the one: not even ask whether there are others."""

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == denied or NAME in str(kwargs.get("FunctionName")):
            raise client_error("AccessDeniedException", "User: me is not authorized", 403)

    fake.on_call = deny


def test_where_latest_is_in_use_and_copies_are_not_allowed_both_ways_out_are_said() -> None:
    fake = make_fake()
    fake.urls = {("fn", None): "NONE"}
    made = plan_for(fake)
    assert (made.design.isolate, made.placement.asked) == (True, False)
    before = fake.snapshot("fn")
    without_copies(fake)
    with pytest.raises(CopyDenied, match=r"fn is to be measured on a copy, as .*: function URL; but") as caught:
        tune(fake, made)
    assert "User: me is not authorized" in caught.value.message
    assert "`powertune iam run --isolate`" in (caught.value.hint or "")
    assert "--in-place" in (caught.value.hint or "")
    assert fake.snapshot("fn") == before
    assert not {"update_function_configuration", "publish_version", "create_alias"} & set(fake.calls)


@pytest.mark.parametrize("denied", ["create_function", "list_tags"])
def test_who_has_asked_for_a_copy_and_may_not_make_one_is_told_of_the_policy_alone(denied: str) -> None:
    fake = make_fake()
    made = plan(fake, "isolated")
    without_copies(fake, denied)
    with pytest.raises(CopyDenied, match="no copy of fn may be made") as caught:
        tune(fake, made)
    assert "powertune iam run --isolate" in (caught.value.hint or "")
    assert "--in-place" not in (caught.value.hint or "")


def test_a_second_architecture_that_may_not_be_copied_leaves_the_function_restored() -> None:
    fake = make_fake()
    before = fake.snapshot("fn")
    made = plan(fake, "both architectures")
    without_copies(fake)
    with pytest.raises(CopyDenied, match="no copy of fn may be made") as caught:
        tune(fake, made)
    assert "powertune iam run --copies" in (caught.value.hint or "")
    assert fake.snapshot("fn") == before
