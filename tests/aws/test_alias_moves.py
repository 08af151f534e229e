"""An alias that production uses is moved only from where it was read, and back only from where it was moved to."""

from typing import Any

import pytest
from applies import measured_function
from fakes import FakeLambda, client_error, fake_aws

from powertune.aws.alias_moves import Route, leads_to, move_alias, put_alias_back
from powertune.aws.function_snapshot import Alias
from powertune.aws.journal import AppliedRun
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed, FunctionBusy
from powertune.model import FunctionRef

APPLIED = AppliedRun(run_id="0a1b2c3d", alias="prod", before="1", after="2")


def with_versions() -> tuple[FakeLambda, LambdaFunction]:
    fake = measured_function()
    for number in ("2", "3"):
        fake.functions["fn"].versions[number] = {**fake.functions["fn"].versions["1"], "Version": number}
    return fake, LambdaFunction(fake_aws(fake), FunctionRef(name="fn"))


def alias_of(function: LambdaFunction) -> Alias:
    found = function.alias("prod")
    assert found is not None
    return found


def test_a_canary_is_set_and_taken_away_in_one_call_each() -> None:
    fake, function = with_versions()
    shifted = move_alias(function, "prod", Route(version="1", canary="2", share=0.1), alias_of(function))
    assert (shifted.version, shifted.weights, shifted.description) == ("1", (("2", 0.1),), "what everybody calls")
    assert leads_to(shifted) == "version 1, and 10 % of the invocations to version 2"
    moved = move_alias(function, "prod", Route(version="2"), shifted)
    assert (moved.version, moved.weights, moved.description) == ("2", (), "what everybody calls")
    assert fake.calls.count("update_alias") == 2


def test_a_revision_that_changed_for_no_reason_is_no_obstacle() -> None:
    fake, function = with_versions()
    before = alias_of(function)
    fake.functions["fn"].aliases["prod"]["RevisionId"] = "another"
    assert move_alias(function, "prod", Route(version="2"), before).version == "2"


def test_a_lost_answer_is_found_out_by_looking() -> None:
    fake, function = with_versions()
    left = [client_error("ServiceException", "oops", 500)]

    def lose(name: str, kwargs: object) -> None:
        if name == "update_alias" and left:
            raise left.pop()

    fake.after_call = lose
    assert move_alias(function, "prod", Route(version="2"), alias_of(function)).version == "2"


@pytest.mark.parametrize(
    "change",
    [
        {"FunctionVersion": "3"},
        {"RoutingConfig": {"AdditionalVersionWeights": {"3": 0.5}}},
        {"Description": "theirs"},
    ],
)
def test_what_somebody_else_has_changed_is_not_overwritten(change: dict[str, Any]) -> None:
    fake, function = with_versions()
    before = alias_of(function)
    fake.functions["fn"].aliases["prod"] |= {**change, "RevisionId": "another"}
    theirs = dict(fake.functions["fn"].aliases["prod"])
    with pytest.raises(Changed, match="alias prod of fn was changed by somebody else"):
        move_alias(function, "prod", Route(version="2"), before)
    assert fake.functions["fn"].aliases["prod"] == theirs


@pytest.mark.parametrize(
    ("alias", "left"),
    [
        ({"FunctionVersion": "2"}, ()),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}, ()),
        ({}, ()),
    ],
)
def test_it_is_put_back_from_where_the_apply_has_moved_it(alias: dict[str, Any], left: tuple[str, ...]) -> None:
    fake, function = with_versions()
    fake.functions["fn"].aliases["prod"] |= alias
    assert put_alias_back(function, APPLIED) == left
    assert (alias_of(function).version, alias_of(function).weights) == ("1", ())


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ({"FunctionVersion": "3"}, "version 3"),
        (
            {"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"3": 0.25}}},
            "version 2, and 25 % of the invocations to version 3",
        ),
    ],
)
def test_it_is_left_where_somebody_else_has_moved_it(alias: dict[str, Any], words: str) -> None:
    fake, function = with_versions()
    fake.functions["fn"].aliases["prod"] |= alias
    theirs = dict(fake.functions["fn"].aliases["prod"])
    assert put_alias_back(function, APPLIED) == (
        f"alias prod leads to {words}, which somebody else has set; it was not changed",
    )
    assert fake.functions["fn"].aliases["prod"] == theirs


def test_an_alias_that_does_not_show_the_canary_yet_is_put_back_all_the_same() -> None:
    fake, function = with_versions()
    alias = fake.functions["fn"].aliases["prod"]
    stale = dict(alias)
    alias |= {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}, "RevisionId": "shifted"}
    fresh = fake.get_alias
    looks = [stale, stale]
    fake.get_alias = lambda **kwargs: looks.pop() if looks else fresh(**kwargs)  # type: ignore[method-assign]
    fake.get_alias.__self__, fake.get_alias.__name__ = fake, "get_alias"  # type: ignore[attr-defined]
    assert put_alias_back(function, APPLIED) == ()
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {}}


def test_an_alias_that_is_gone_stays_so() -> None:
    fake, function = with_versions()
    del fake.functions["fn"].aliases["prod"]
    assert put_alias_back(function, APPLIED) == ("alias prod no longer exists",)


def test_an_alias_that_keeps_changing_is_given_up() -> None:
    fake, function = with_versions()
    fake.functions["fn"].aliases["prod"]["FunctionVersion"] = "2"

    def change(name: str, kwargs: dict[str, Any]) -> None:
        if name == "update_alias":
            theirs = str(len(fake.calls))
            fake.functions["fn"].aliases["prod"] |= {"RevisionId": theirs, "Description": theirs}

    fake.on_call = change
    with pytest.raises(FunctionBusy, match="keeps being changed by somebody else"):
        put_alias_back(function, APPLIED)
