"""A function that is measured as it is: which version is invoked, that nothing is changed, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, fake_aws
from runs import READING, PublishingLog

from powertune.as_is import plan_as_is
from powertune.aws.pinned import Pin, PinnedTarget
from powertune.aws.preflight import Preflight, preflight_as_is
from powertune.config import RunOptions
from powertune.errors import Changed, FunctionBusy, FunctionRefused, NotFound, SizeRefused, UsageError
from powertune.measure import Contender, SampleAmount, SideBySide
from powertune.model import Configuration, FunctionRef, Invocation, Population, TuningRun
from powertune.plan import Plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")


class Silent:
    """A `SideObserver` that looks away."""

    def expected(self, name: str, invocations: int) -> None: ...

    def invoked(self, name: str, invocation: Invocation, spent: float) -> None: ...

    def saved(self, runs: Mapping[str, TuningRun]) -> None: ...


def make_fake(**options: Any) -> FakeLambda:
    """`fn` with versions 1 and 2, of which aliases lead to the first, and with newer code in $LATEST."""
    fake = FakeLambda(**options)
    function = fake.add("fn", memory_mb=512)
    fake.publish_user_version("fn", alias="prod")
    function.configuration.update(CodeSha256="second", MemorySize=1024, Timeout=7)
    fake.publish_user_version("fn", alias="candidate")
    function.configuration.update(CodeSha256="third")
    return fake


def look(fake: FakeLambda, name: str) -> tuple[Preflight, Pin]:
    return preflight_as_is(fake_aws(fake), FunctionRef.parse(name), now=0.0)


def plan(fake: FakeLambda, name: str, *, beside: int = 1, **options: Any) -> tuple[Plan, Pin]:
    found, pin = look(fake, name)
    asked = RunOptions(**options)
    return plan_as_is(asked, found.state, PRICES, found.known, run_id="abcd1234", beside=beside), pin


def target(fake: FakeLambda, name: str, **options: Any) -> tuple[PinnedTarget, Plan]:
    made, pin = plan(fake, name, **options)
    clock = FakeClock()
    return PinnedTarget(fake_aws(fake, clock=clock), made, pin, clock=clock), made


def measure(fake: FakeLambda, *names: str, lanes: int = 2, warm: int = 6) -> dict[str, TuningRun]:
    contenders = []
    for name in names:
        pinned, made = target(fake, name, beside=len(names))
        contenders.append(Contender(name=name, group="fn", plan=made, target=pinned))
    side_by_side = SideBySide(
        contenders, Silent(), max_spend=1.0, seed=1, clock=FakeClock(), sleep=lambda seconds: None
    )
    side_by_side.measure(dict.fromkeys(names, SampleAmount(invocations=warm, environments=lanes)))
    return side_by_side.close("complete")


@pytest.mark.parametrize(
    ("name", "version", "memory_mb", "code"),
    [
        ("fn:prod", "1", 512, "sha-of-the-code"),
        ("fn:candidate", "2", 1024, "second"),
        ("fn:1", "1", 512, "sha-of-the-code"),
        ("fn", "$LATEST", 1024, "third"),
        ("fn:$LATEST", "$LATEST", 1024, "third"),
        ("arn:aws:lambda:us-east-1:123456789012:function:fn:prod", "1", 512, "sha-of-the-code"),
    ],
)
def test_a_name_is_pinned_to_the_version_that_it_stands_for(
    name: str, version: str, memory_mb: int, code: str
) -> None:
    found, pin = look(make_fake(), name)
    assert (pin.version, pin.code_sha256) == (version, code)
    assert (found.state.memory_mb, found.state.code_sha256) == (memory_mb, code)
    assert found.state.arn.endswith(":function:fn")


def test_an_alias_that_leads_to_latest_is_latest() -> None:
    fake = make_fake()
    fake.create_alias(FunctionName="fn", Name="dev", FunctionVersion="$LATEST", Description="")
    assert look(fake, "fn:dev")[1].version == "$LATEST"


def test_an_alias_that_shifts_traffic_is_refused_with_both_versions() -> None:
    fake = make_fake()
    fake.functions["fn"].aliases["prod"]["RoutingConfig"] = {"AdditionalVersionWeights": {"2": 0.1}}
    with pytest.raises(
        FunctionRefused, match="alias prod of fn divides its traffic between versions 1 and 2"
    ) as caught:
        look(fake, "fn:prod")
    assert "fn:1" in str(caught.value.hint)


@pytest.mark.parametrize(("name", "words"), [("fn:nope", "no alias nope"), ("fn:9", "no version 9"), ("gn", "gn")])
def test_what_is_not_there_is_named(name: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        look(make_fake(), name)


@pytest.mark.parametrize(
    ("configuration", "error"),
    [
        ({"TenancyConfig": {"x": 1}}, FunctionRefused),
        ({"State": "Inactive"}, FunctionRefused),
        ({"LastUpdateStatus": "InProgress"}, FunctionBusy),
    ],
)
def test_a_function_that_cannot_be_measured_is_refused(
    configuration: dict[str, Any], error: type[UsageError]
) -> None:
    fake = make_fake()
    fake.functions["fn"].configuration.update(configuration)
    with pytest.raises(error):
        look(fake, "fn")
    look(fake, "fn:prod")  # a published version is what it was


def test_a_copy_that_a_run_has_made_is_refused() -> None:
    fake = make_fake()
    fake.functions["fn-powertune-abcd1234"] = fake.functions.pop("fn")
    fake.functions["fn-powertune-abcd1234"].tags = {"powertune:source": "fn"}
    with pytest.raises(FunctionRefused, match="temporary copy"):
        look(fake, "fn-powertune-abcd1234:prod")


def test_both_versions_are_invoked_by_number_and_nothing_is_changed() -> None:
    fake = make_fake(duration_ms=lambda mb: 100.0)
    before = fake.snapshot("fn")
    runs = measure(fake, "fn:prod", "fn:candidate")
    assert fake.snapshot("fn") == before
    assert {name for name in fake.calls if not name.startswith(READING)} == set()
    assert {qualifier for qualifier, _ in fake.invoked} == {"1", "2"}
    for name, memory_mb in (("fn:prod", 512), ("fn:candidate", 1024)):
        (measurement,) = runs[name].measurements
        assert measurement.configuration.memory_mb == memory_mb
        assert measurement.invocations.count(Population.WARM) >= 6
        assert None not in measurement.invocations.column("environment")
        assert runs[name].function.qualifier == name.partition(":")[2]


def test_latest_is_invoked_without_a_qualifier() -> None:
    fake = make_fake()
    measure(fake, "fn")
    assert {qualifier for qualifier, _ in fake.invoked} == {None}


@pytest.mark.parametrize(
    ("change", "words"),
    [({"CodeSha256": "fourth", "RevisionId": "r9"}, "has new code"), ({"RevisionId": "r9"}, "was updated")],
)
def test_who_deploys_to_latest_meanwhile_spoils_the_result(change: dict[str, str], words: str) -> None:
    fake = make_fake()
    pinned, _ = target(fake, "fn")
    pinned.check_unchanged()
    fake.functions["fn"].configuration.update(change)
    with pytest.raises(Changed, match=f"\\$LATEST of fn {words} while it was measured"):
        pinned.check_unchanged()


def test_a_version_stays_what_it_is_whoever_deploys() -> None:
    fake = make_fake()
    pinned, _ = target(fake, "fn:prod")
    fake.functions["fn"].configuration.update(CodeSha256="fourth", RevisionId="r9")
    pinned.check_unchanged()


def test_a_version_that_is_deleted_meanwhile_is_named() -> None:
    fake = make_fake()
    pinned, made = target(fake, "fn:prod")
    del fake.functions["fn"].versions["1"]
    with pytest.raises(Changed, match="version 1 of fn is gone"):
        pinned.invoke(made.function.current, b"{}", 0)


def test_as_a_target_it_has_nothing_to_publish_or_to_undo() -> None:
    fake = make_fake()
    pinned, made = target(fake, "fn:prod")
    before = list(fake.calls)
    pinned.open()
    log = PublishingLog()
    pinned.publish([made.function.current], log)
    pinned.undo()
    assert (fake.calls, log.waits) == (before, ["512 ready"])
    other = Configuration(memory_mb=128, architecture=made.function.architecture)
    with pytest.raises(SizeRefused, match="as it is"):
        pinned.publish([other], log)


def peak(fake: FakeLambda, used: int) -> None:
    """What all functions without reserved concurrency used at their peak."""
    fake.cloudwatch.metrics = {("UnreservedConcurrentExecutions",): [float(used)]}


@pytest.mark.parametrize(
    ("account", "used", "beside", "concurrency"), [(1000, 0, 2, 50), (100, 60, 2, 10), (10, 0, 2, 2), (3, 0, 2, 1)]
)
def test_what_production_uses_at_its_peak_is_left_to_it(
    account: int, used: int, beside: int, concurrency: int
) -> None:
    fake = make_fake()
    fake.concurrency = account
    peak(fake, used)
    made, _ = plan(fake, "fn:prod", beside=beside, concurrency=1000, environments=2)
    assert made.design.concurrency == concurrency


def test_without_concurrency_left_it_is_refused() -> None:
    fake = make_fake()
    fake.concurrency = 10
    peak(fake, 10)
    with pytest.raises(FunctionRefused, match="no concurrency left") as caught:
        plan(fake, "fn:prod")
    assert "--isolate" not in str(caught.value.hint)


def advised(fake: FakeLambda, name: str) -> dict[str, str]:
    return {advisory.code: advisory.message for advisory in look(fake, name)[0].advisories}


def test_provisioned_concurrency_of_the_alias_is_not_what_is_measured() -> None:
    fake = make_fake()
    fake.provisioned = {"prod": 3}
    assert "served on demand" in advised(fake, "fn:prod")["provisioned-not-measured"]
    assert "provisioned-not-measured" not in advised(fake, "fn:candidate")


def test_provisioned_concurrency_of_the_version_is_shared_with_production() -> None:
    fake = make_fake()
    fake.provisioned = {"1": 3}
    assert "uses as well" in advised(fake, "fn:prod")["provisioned-in-use"]
    assert "uses as well" in advised(fake, "fn:1")["provisioned-in-use"]


def test_a_function_that_drops_its_reports_is_refused() -> None:
    fake = make_fake()
    fake.functions["fn"].configuration["LoggingConfig"] = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    with pytest.raises(FunctionRefused, match="SystemLogLevel WARN"):
        plan(fake, "fn")
