"""What an apply refuses before anything is touched, and what it says of what it does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from applies import AFTER_MB, BEFORE_MB, Applying, AskedOnArm, canary, in_effect, measured_function, run_of, traffic
from factories import make_analysis, make_invocation, make_measurement
from fakes import FakeLambda
from runs import READING

from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.engine.applying.model import ApplyRequest
from powertune.engine.applying.plan import choose
from powertune.engine.applying.refusals import check_alias
from powertune.errors import (
    Changed,
    FunctionBusy,
    FunctionFailed,
    FunctionRefused,
    Inconclusive,
    NotFound,
    PowertuneError,
    UsageError,
)
from powertune.model import Status, TuningRun

Change = Callable[[FakeLambda], object]


def configured(**more: Any) -> Change:
    return lambda fake: fake.functions["fn"].configuration.update(more)


def of_version(**more: Any) -> Change:
    return lambda fake: fake.functions["fn"].versions["1"].update(more)


def aliased(**more: Any) -> Change:
    return lambda fake: fake.functions["fn"].aliases["prod"].update(more)


def kept_ready(qualifier: str) -> Change:
    def keep(fake: FakeLambda) -> None:
        arn = fake.functions["fn"].configuration["FunctionArn"]
        fake.kept_ready = [{"FunctionArn": f"{arn}:{qualifier}"}]

    return keep


def of_account(account: str) -> Change:
    return lambda fake: setattr(fake.caller, "account", account)


def with_alias(name: str, description: str) -> Change:
    return lambda fake: fake.create_alias(
        FunctionName="fn", Name=name, FunctionVersion="$LATEST", Description=description
    )


ACTIVE = Journal(run_id="other123", started_at=1, memory_mb=256).encode()
REFUSALS: dict[str, tuple[Change, type[PowertuneError], str]] = {
    "new code": (configured(CodeSha256="new"), Changed, "the code of $LATEST of fn is not what run 0a1b2c3d"),
    "new settings": (configured(Timeout=7), Changed, "the configuration of $LATEST of fn is not what run 0a1b2c3d"),
    "new size": (configured(MemorySize=3008), Changed, "$LATEST of fn has 3008 MB, and had 512 MB when run"),
    "updating": (configured(LastUpdateStatus="InProgress"), FunctionBusy, "is being updated at this moment"),
    "a run": (with_alias(JOURNAL_ALIAS, ACTIVE), FunctionBusy, "run other123 is active on fn, or has died on it"),
    "a strange journal": (with_alias(JOURNAL_ALIAS, "theirs"), FunctionBusy, "is not a journal"),
    "a strange note": (with_alias("powertune-applied-prod", "theirs"), FunctionBusy, "was not made by powertune"),
    "another account": (of_account("210987654321"), UsageError, "was made in account 123456789012, and this is"),
    "the embedded AWS": (lambda fake: setattr(fake, "platform", "none"), UsageError, "was measured on AWS, and fn"),
    "code not released": (of_version(CodeSha256="old"), Changed, "$LATEST has something that was not deployed"),
    "settings not released": (of_version(Handler="old.handler"), Changed, "publishing would release it"),
    "SnapStart not released": (
        of_version(SnapStart={"ApplyOn": "PublishedVersions"}),
        Changed,
        "SnapStart is None in $LATEST and PublishedVersions in version 1",
    ),
    "another size": (of_version(MemorySize=2048), Changed, "leads to version 1 with 2048 MB, and run 0a1b2c3d"),
    "a canary of somebody's": (
        aliased(RoutingConfig={"AdditionalVersionWeights": {"7": 0.5}}),
        FunctionBusy,
        "alias prod shifts traffic to version 7 at this moment",
    ),
    "to $LATEST": (aliased(FunctionVersion="$LATEST"), FunctionRefused, "alias prod leads to $LATEST"),
    "no alias": (lambda fake: fake.functions["fn"].aliases.clear(), NotFound, "function fn has no alias prod"),
    "provisioned alias": (kept_ready("prod"), FunctionRefused, "alias prod of fn has provisioned concurrency"),
    "provisioned version": (kept_ready("1"), FunctionRefused, "version 1 of fn has provisioned concurrency"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_is_not_what_was_measured_is_refused_before_anything_is_touched(kind: str) -> None:
    change, error, words = REFUSALS[kind]
    fake = measured_function()
    run = run_of(fake)
    change(fake)
    fake.calls.clear()
    with pytest.raises(error) as caught:
        Applying(fake, ApplyRequest(alias="prod"), run).plan()
    assert words in caught.value.message
    assert caught.value.hint
    assert [call for call in fake.calls if not call.startswith(READING)] == []


def with_function(**more: Any) -> Callable[[TuningRun], TuningRun]:
    return lambda run: replace(run, function=replace(run.function, **more))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_function(platform="cgroup v1"), "was measured on the embedded AWS, and fn is on AWS"),
        (with_function(fingerprint=""), "do not say which code was measured"),
        (
            with_function(arn="arn:aws:lambda:eu-west-1:123456789012:function:fn"),
            "was made in region eu-west-1, and this is region us-east-1",
        ),
        (lambda run: replace(run, run_id="x" * 200), "is too long to be noted"),
    ],
)
def test_results_of_elsewhere_are_refused(change: Callable[[TuningRun], TuningRun], words: str) -> None:
    fake = measured_function()
    with pytest.raises(UsageError, match=words):
        Applying(fake, ApplyRequest(alias="prod"), change(run_of(fake))).plan()


def test_what_is_in_effect_already_is_no_plan() -> None:
    fake = measured_function()
    run = run_of(fake)
    Applying(fake, run=run).apply()
    assert Applying(fake, run=run).plan() is None
    assert Applying(fake, ApplyRequest(), run).plan() is None


def test_an_alias_follows_a_size_that_latest_has_already() -> None:
    fake = measured_function()
    run = run_of(fake)
    Applying(fake, ApplyRequest(), run).apply()
    plan = Applying(fake, ApplyRequest(alias="prod"), run).plan()
    assert plan is not None
    assert (plan.before.memory_mb, plan.latest.memory_mb, plan.journal(0.0).trial_mb) == (BEFORE_MB, AFTER_MB, ())
    Applying(fake, ApplyRequest(alias="prod"), run).apply()
    Applying(fake, ApplyRequest(alias="prod"), run).roll_back()
    assert fake.functions["fn"].configuration["MemorySize"] == AFTER_MB
    assert fake.functions["fn"].aliases["prod"]["FunctionVersion"] == "1"


def test_whoever_changes_latest_alone_is_told_of_the_aliases_that_stay() -> None:
    plan = Applying(measured_function(), ApplyRequest()).plan()
    assert plan is not None
    said = {advisory.code: advisory.message for advisory in plan.advisories}
    assert said["aliases-stay"] == "only $LATEST is changed; aliases stay with their versions: prod (version 1)"
    assert "512 MB" in said["change-infrastructure-code"]


def test_a_canary_whose_metrics_may_not_be_read_is_refused_before_anything_is_changed() -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=10)
    applying = Applying(fake, canary(ApplyRequest(alias="prod")), run_of(fake))
    fake.cloudwatch.status = lambda query: "Forbidden"
    with pytest.raises(PowertuneError, match="Forbidden"):
        applying.plan()


def test_a_canary_needs_an_alias() -> None:
    with pytest.raises(UsageError, match="--canary needs an alias"):
        check_alias(canary(ApplyRequest()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PackageType": "Image"}, "fn is a container image, which is built for one architecture"),
        ({"CodeSize": 60_000_000}, "the code of fn has 60,000,000 bytes"),
    ],
)
def test_code_that_cannot_be_sent_again_keeps_its_architecture(change: dict[str, Any], words: str) -> None:
    fake = measured_function()
    for configuration in (fake.functions["fn"].configuration, fake.functions["fn"].versions["1"]):
        configuration |= change
    with pytest.raises(FunctionRefused, match=words) as caught:
        Applying(fake, AskedOnArm(alias="prod")).plan()
    assert caught.value.hint == "deploy it for the other architecture with your own tools"


def test_code_in_a_bucket_of_ones_own_stays_there() -> None:
    fake = measured_function()
    fake.functions["fn"].code["ResolvedS3Object"] = {"S3Bucket": "b", "S3Key": "k"}
    with pytest.raises(FunctionRefused, match="is kept in a bucket of your own"):
        Applying(fake, AskedOnArm()).plan()


def test_a_package_that_is_not_what_lambda_names_is_not_sent() -> None:
    fake = measured_function()
    fake.packages[fake.functions["fn"].code["Location"]] = b"something else"
    with pytest.raises(FunctionRefused, match="is not the one that it names"):
        Applying(fake, AskedOnArm()).apply()
    assert in_effect(fake) == (BEFORE_MB, "1", {}, "what everybody calls")


def test_who_changes_the_architecture_is_warned_of_later_code() -> None:
    plan = Applying(measured_function(), AskedOnArm(alias="prod")).plan()
    assert plan is not None
    assert (str(plan.before), str(plan.chosen)) == ("512 MB x86_64", "1024 MB arm64")
    assert [advisory.code for advisory in plan.advisories] == [
        "architecture-of-later-code",
        "change-infrastructure-code",
    ]


def test_an_architecture_that_is_in_effect_is_no_plan() -> None:
    fake = measured_function()
    run = run_of(fake, arm=True)
    Applying(fake, AskedOnArm(), run).apply()
    assert Applying(fake, AskedOnArm(), run).plan() is None
    alias = Applying(fake, AskedOnArm(alias="prod"), run)
    alias.apply()
    assert in_effect(fake) == (AFTER_MB, "2", {}, "what everybody calls", "arm64")
    alias.roll_back()
    assert in_effect(fake) == (AFTER_MB, "1", {}, "what everybody calls", "arm64")


SLOW = make_measurement(memory_mb=512, durations=[200.0 + turn % 3 for turn in range(24)])
FAST = make_measurement(memory_mb=1024, durations=[50.0 + turn % 3 for turn in range(24)])
FAILED = make_measurement(memory_mb=128, cold=0, others=[make_invocation(status=Status.OUT_OF_MEMORY)] * 3)

FAILED_TOO = make_measurement(memory_mb=512, cold=0, others=[make_invocation(status=Status.OUT_OF_MEMORY)] * 3)


def test_the_choice_is_that_of_the_run_or_of_the_person() -> None:
    analysis = make_analysis(SLOW, FAST, FAILED)
    chosen, advisories = choose(analysis, None)
    assert (str(chosen), advisories) == ("1024 MB x86_64", ())
    assert choose(analysis, 512) == (analysis.current, ())
    chosen, advisories = choose(analysis, 2048)
    assert str(chosen) == "2048 MB x86_64"
    assert [advisory.code for advisory in advisories] == ["size-unmeasured"]
    with pytest.raises(UsageError, match="128 MB x86_64 did not work in run"):
        choose(analysis, 128)


def test_a_run_that_recommends_to_stay_changes_nothing() -> None:
    assert choose(make_analysis(SLOW), None) == (None, ())


def test_a_run_without_an_answer_is_inconclusive_unless_a_size_is_named() -> None:
    analysis = make_analysis(make_measurement(cold=3), make_measurement(memory_mb=1024, cold=3))
    with pytest.raises(Inconclusive):
        choose(analysis, None)
    assert str(choose(analysis, 1024)[0]) == "1024 MB x86_64"


def test_a_run_that_failed_everywhere_is_told_as_such() -> None:
    """Nothing is invoked by an apply, which has no --payload."""
    with pytest.raises(FunctionFailed, match=r"run \S+ has no answer: the function failed at every size") as raised:
        choose(make_analysis(FAILED, FAILED_TOO), None)
    assert (
        raised.value.hint == "measure again, with an event that it succeeds with: powertune run --payload @event.json"
    )


def test_what_is_noted_later_fits_too() -> None:
    """The time and the number of the new version are not known yet when the plan is made."""
    fake = measured_function()
    run, accepted = run_of(fake), 0
    for length in range(1, 129):
        try:
            plan = Applying(fake, run=replace(run, run_id="x" * length)).plan()
        except UsageError:
            break
        accepted = length
        assert plan is not None
        journal = plan.journal(1_800_000_000.0)
        assert journal.applied is not None
        replace(journal, applied=replace(journal.applied, after="12345")).encode()
    assert 30 < accepted < 128
