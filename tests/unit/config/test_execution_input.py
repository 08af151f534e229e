import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import EXTREMES, mutated_json

from powertune.config import RunOptions, TuningRequest, execution_input, parse_request
from powertune.config.execution_keys import ALL_SIZES, KEYS, OPTION_KEYS
from powertune.config.parsers import RUN
from powertune.errors import UsageError
from powertune.model import Architecture, FunctionRef, Goal, Limit, Payload, Statistic, Strategy, Usage
from powertune.workload import parse_workload

NAME = "arn:aws:lambda:eu-west-1:123456789012:function:fn"


def no_s3(uri: str) -> bytes:
    raise AssertionError(uri)


def request(**keys: Any) -> TuningRequest:
    return parse_request({"lambdaARN": NAME, **keys}, no_s3)


def options(**keys: Any) -> RunOptions:
    return request(**keys).options


def refusal(document: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_request(document, no_s3)
    assert caught.value.hint
    assert "--" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


def test_a_name_is_enough() -> None:
    asked = parse_request({"lambdaARN": "fn"}, no_s3)
    assert asked == TuningRequest(
        target=FunctionRef(name="fn"), options=RunOptions(goal=Goal(strategy=Strategy.COST))
    )
    assert asked.options.adaptive


def test_an_input_of_the_peer_is_understood() -> None:
    asked = request(
        powerValues=[128, "256", 512],
        num=50,
        payload={"key": 1},
        parallelInvocation=True,
        strategy="balanced",
        balancedWeight=0.25,
        autoOptimize=True,
        autoOptimizeAlias="prod",
        dryRun=True,
        preProcessorARN=f"{NAME}-before",
        postProcessorARN=f"{NAME}-after",
        discardTopBottom=0.2,
        sleepBetweenRunsMs=500,
        disablePayloadLogs=True,
        includeOutputResults=True,
        allowedExceptions=["NotFound"],
    )
    assert str(asked.target) == NAME
    found = asked.options
    assert (found.memory, found.invocations, found.environments) == ((128, 256, 512), 50, None)
    assert found.workload.payloads == (Payload(body=b'{"key":1}'),)
    assert found.goal == Goal(strategy=Strategy.BALANCED, balanced_weight=0.25)
    assert [str(each) for each in (found.pre_processor, found.post_processor)] == [f"{NAME}-before", f"{NAME}-after"]
    assert (found.sleep_ms, found.allowed_errors) == (500, ("NotFound",))
    assert (asked.dry_run, asked.include_output_results, asked.discard_top_bottom) == (True, True, 0.2)
    assert (asked.auto_optimize, asked.auto_optimize_alias) == (True, "prod")


@pytest.mark.parametrize("name", ["fn", "fn:prod", "fn:7", "123456789012:function:fn", NAME, f"{NAME}:prod"])
def test_a_function_is_named_in_any_way(name: str) -> None:
    assert str(parse_request({"lambdaARN": name}, no_s3).target) == name


@pytest.mark.parametrize(
    ("value", "sizes"),
    [
        ([512, 128], (128, 512)),
        (["128", 256.0], (128, 256)),
        ("128,512, 1024", (128, 512, 1024)),
        ("ALL", ALL_SIZES),
    ],
)
def test_sizes(value: Any, sizes: tuple[int, ...]) -> None:
    assert options(powerValues=value).memory == sizes


def test_all_sizes_go_up_to_the_largest() -> None:
    assert (ALL_SIZES[0], ALL_SIZES[-1], len(ALL_SIZES)) == (128, 10_240, 159)


def test_without_a_strategy_the_answer_is_that_of_the_peer() -> None:
    assert options().goal.strategy is Strategy.COST
    assert options(strategy="default").goal.strategy is Strategy.TOLERANCE
    assert options(strategy="default", costTolerance="3%").goal.cost_tolerance == 0.03
    assert "costTolerance" in refusal({"lambdaARN": "fn", "costTolerance": 0.1}).message


def test_serial_invocations_use_one_environment_of_a_size() -> None:
    assert options(parallelInvocation=False).environments == 1
    assert options(parallelInvocation=True).environments is None


@pytest.mark.parametrize(
    ("payload", "bodies"),
    [
        ({"a": [1, None]}, [b'{"a":[1,null]}']),
        ([1, 2], [b"[1,2]"]),
        (5, [b"5"]),
        ("not JSON", [b'"not JSON"']),
        ("1\n2", [b'"1\\n2"']),
        (' {"a": 1.0} ', [b'{"a": 1.0}']),
        ("null", [b"null"]),
        ("\ud800", [b'"\\ud800"']),
        ({"payload": 1, "weight": 2}, [b'{"payload":1,"weight":2}']),
        ([{"payload": 1, "weight": 2}], [b"1"]),
        (None, [b"{}"]),
    ],
)
def test_payloads(payload: Any, bodies: list[bytes]) -> None:
    assert [each.body for each in options(payload=payload).workload.payloads] == bodies


def test_weighted_payloads() -> None:
    found = options(payload=[{"payload": {}, "weight": 3}, {"payload": [], "weight": 1}], num=4).workload
    assert found.payloads == (Payload(body=b"{}", weight=3.0), Payload(body=b"[]", weight=1.0))


@pytest.mark.parametrize(
    ("body", "bodies"),
    [
        (b'{"a": 1}\n', [b'{"a": 1}']),
        (b"raw text", [b'"raw text"']),
        (b'{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
        (b'[{"payload":1,"weight":2},{"payload":2,"weight":2}]', [b"1", b"2"]),
    ],
)
def test_payloads_in_s3(body: bytes, bodies: list[bytes]) -> None:
    read: list[str] = []

    def read_s3(uri: str) -> bytes:
        read.append(uri)
        return body

    found = parse_request({"lambdaARN": "fn", "payloadS3": "s3://bucket/a/key.json"}, read_s3)
    assert [each.body for each in found.options.workload.payloads] == bodies
    assert read == ["s3://bucket/a/key.json"]


def test_our_own_keys() -> None:
    asked = request(
        strategy="default",
        architectures="both",
        roleArn="arn:aws-cn:iam::123456789012:role/path/tuning",
        maxSpend=0.5,
        maxDuration="p95<=300ms",
        maxCost="<=5usd/1M",
        headroom=1.1,
        coldShare="2%",
        invocationsPerMonth=2.5e6,
        savingsPlan=0.12,
        search="adaptive",
        minMemory=256,
        maxMemory=1024.0,
        precision=0.03,
        environments=3,
        concurrency=8,
        isolate=True,
        reportSource="logs",
        seed=7,
        rate=2,
        imageUriArm64="uri:a",
        imageUriX8664="uri:x",
    )
    assert asked.role_arn == "arn:aws-cn:iam::123456789012:role/path/tuning"
    assert asked.options == RunOptions(
        architectures=tuple(Architecture),
        max_spend=0.5,
        goal=Goal(
            max_duration=Limit(statistic=Statistic.P95, at_most_ms=300.0),
            max_cost=5e-6,
            max_cost_currency="USD",
            headroom=1.1,
        ),
        usage=Usage(cold_share=0.02, invocations_per_month=2.5e6, savings_plan=0.12),
        search="adaptive",
        min_memory=256,
        max_memory=1024,
        precision=0.03,
        environments=3,
        concurrency=8,
        isolate=True,
        report_source="logs",
        seed=7,
        rate=2.0,
        image_uri_arm64="uri:a",
        image_uri_x86_64="uri:x",
    )
    assert options(inPlace=True).isolate is False


def test_every_option_of_a_run_has_a_key_but_those_that_are_files_of_a_machine() -> None:
    assert {*RUN} - {*OPTION_KEYS.values()} == {"prices", "results_folder"}


def test_cold_starts_take_as_much_concurrency_as_invocations() -> None:
    found = options(onlyColdStarts=True, num=50)
    assert (found.only_cold_starts, found.adaptive, found.concurrency) == (True, False, 50)
    assert options(onlyColdStarts=True, num=50, concurrency=40).concurrency == 40


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"lambdaARN": None}, "lambdaARN is missing"),
        ({"lambdaARN": ""}, "lambdaARN ''"),
        ({"lambdaARN": "arn:aws:s3:::bucket"}, "lambdaARN 'arn:aws:s3:::bucket' is not the name"),
        ({"lambdaARN": 5}, "lambdaARN 5"),
        ({"num": 0}, "num 0"),
        ({"num": 2.5}, "num 2.5"),
        ({"num": True}, "num True"),
        ({"num": [5]}, r"num \[5\]"),
        ({"powerValues": []}, "powerValues"),
        ({"powerValues": "all"}, "powerValues 'all'"),
        ({"powerValues": [64]}, "powerValues 64"),
        ({"powerValues": [128, True]}, "powerValues has True"),
        ({"powerValues": [128, 128]}, "powerValues names 128 MB twice"),
        ({"powerValues": list(range(128, 300))}, "172 sizes"),
        ({"powerValues": {"a": 1}}, "powerValues"),
        ({"strategy": "fast"}, "unknown strategy 'fast'"),
        ({"strategy": ["cost"]}, "unknown strategy"),
        ({"balancedWeight": 2}, "balancedWeight 2"),
        ({"balancedWeight": True}, "balancedWeight True"),
        ({"payload": 1, "payloadS3": "s3://b/k"}, "payload and payloadS3"),
        ({"payloadS3": "https://b/k"}, "payloadS3 'https://b/k'"),
        ({"payloadS3": 7}, "payloadS3 7"),
        ({"payload": [{"payload": 1, "weight": 0}]}, "weight 0"),
        ({"payload": [{"payload": 1, "weight": "heavy"}]}, "weight 'heavy'"),
        (
            {"payload": [{"payload": 1, "weight": 9}, {"payload": 2, "weight": 1}], "num": 5},
            "5 invocations are too few",
        ),
        ({"powerValues": ""}, "powerValues '' is empty"),
        ({"powerValues": []}, r"powerValues \[\] is empty"),
        ({"autoOptimizeAlias": "prod"}, "autoOptimizeAlias needs autoOptimize"),
        ({"autoOptimize": True, "autoOptimizeAlias": "7"}, "autoOptimizeAlias '7'"),
        (
            {"autoOptimize": True, "autoOptimizeAlias": "powertune-journal"},
            "'powertune-journal' begins with powertune-",
        ),
        ({"autoOptimize": True, "autoOptimizeAlias": "powertune-x"}, "'powertune-x' begins with powertune-"),
        ({"autoOptimize": "true"}, "autoOptimize 'true'"),
        ({"dryRun": 1}, "dryRun 1"),
        ({"onlyColdStarts": "yes"}, "onlyColdStarts 'yes'"),
        ({"onlyColdStarts": True, "environments": 3}, "environments is not for onlyColdStarts"),
        ({"onlyColdStarts": True, "coldShare": 0.1}, "coldShare is not for onlyColdStarts"),
        (
            {"onlyColdStarts": True, "parallelInvocation": False},
            "parallelInvocation false contradicts onlyColdStarts",
        ),
        ({"onlyColdStarts": True, "search": "adaptive"}, "onlyColdStarts is not for the adaptive search"),
        ({"onlyColdStarts": True, "num": 1}, "a single cold start"),
        ({"parallelInvocation": False, "environments": 4}, "parallelInvocation false contradicts environments 4"),
        ({"isolate": True, "inPlace": True}, "inPlace and isolate contradict"),
        ({"discardTopBottom": 0.5}, "discardTopBottom 0.5"),
        ({"discardTopBottom": False}, "discardTopBottom False"),
        ({"roleArn": "tuning"}, "roleArn 'tuning'"),
        ({"roleArn": "arn:aws:iam::12:role/x"}, "roleArn"),
        ({"architectures": "arm"}, "unknown architectures 'arm'"),
        ({"allowedExceptions": "a,,b"}, "allowedExceptions ''"),
        ({"allowedExceptions": [5]}, "allowedExceptions"),
        ({"powerValues": [128], "minMemory": 128}, "minMemory is not for the grid search"),
        ({"powerValues": [128], "search": "adaptive"}, "powerValues is not for the adaptive search"),
        ({"minMemory": 512, "maxMemory": 256}, "minMemory 512 is more than maxMemory 256"),
        ({"maxSpend": -1}, "maxSpend -1"),
        ({"preProcessorARN": "!"}, "preProcessorARN '!'"),
    ],
)
def test_what_is_wrong_is_named_in_the_words_of_the_input(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        request(**keys)
    refusal({"lambdaARN": "fn", **keys})


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ({"powerValues": [128], "minMemory": 512}, "leave minMemory out"),
        ({"search": "grid", "minMemory": 512}, "name the sizes with powerValues"),
    ],
)
def test_what_says_the_same_to_a_fixed_list(keys: dict[str, Any], hint: str) -> None:
    with pytest.raises(UsageError, match="minMemory is not for the grid search") as refused:
        request(**keys)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("powervalues", "powerValues"),
        ("memory", "powerValues"),
        ("invocations", "num"),
        ("max_spend", "maxSpend"),
        ("lambdaArn", "lambdaARN"),
        ("parallelInvocations", "parallelInvocation"),
        ("preProcessorArn", "preProcessorARN"),
    ],
)
def test_a_misspelled_key_suggests_the_right_one(key: str, meant: str) -> None:
    error = refusal({"lambdaARN": "fn", key: 1})
    assert error.message == f"unknown key {key!r} in the input"
    assert error.hint == f"did you mean {meant}?"


def test_without_a_near_key_all_are_named() -> None:
    assert str(refusal({"xyzzy": 1}).hint).startswith("the keys are lambdaARN, ")


@pytest.mark.parametrize("document", [None, [], "fn", 5, [{"lambdaARN": "fn"}]])
def test_an_input_is_an_object(document: Any) -> None:
    assert "is not an object" in refusal(document).message


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*EXTREMES, "ALL", "cost", "128,256", "5%", "both", 128, 0.2, NAME]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(json_values | st.dictionaries(st.sampled_from(KEYS), json_values).map(lambda d: {"lambdaARN": NAME, **d}))
def test_any_document_is_a_request_or_a_usage_error(document: Any) -> None:
    found = request_or_error(document)
    if isinstance(found, UsageError):
        assert found.hint
        assert len(found.message) < 2_000
    else:
        assert isinstance(found, TuningRequest)


def request_or_error(document: Any) -> TuningRequest | UsageError:
    try:
        return parse_request(document, lambda _: b"{}")
    except UsageError as error:
        return error


FULL = {
    "lambdaARN": NAME,
    "powerValues": [128, "256"],
    "num": 20,
    "payload": [{"payload": {"a": [1]}, "weight": 3}, {"payload": "b", "weight": 1}],
    "strategy": "balanced",
    "balancedWeight": 0.5,
    "autoOptimize": True,
    "autoOptimizeAlias": "prod",
    "discardTopBottom": 0.2,
    "sleepBetweenRunsMs": 5,
    "allowedExceptions": ["A"],
    "roleArn": "arn:aws:iam::123456789012:role/tuning",
    "maxSpend": 1,
    "maxDuration": "p95<=300ms",
    "maxCost": "<=5usd/1M",
    "headroom": 1.1,
    "coldShare": "2%",
    "invocationsPerMonth": "2.5M",
    "savingsPlan": 0.1,
    "environments": 3,
}


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@given(mutated_json(json.dumps(FULL)).filter(is_json))
def test_a_damaged_input_is_a_request_that_comes_back_or_a_usage_error(text: str) -> None:
    found = request_or_error(json.loads(text))
    if isinstance(found, UsageError):
        assert found.hint
    else:
        assert parse_request(json.loads(json.dumps(execution_input(found))), no_s3) == found


shares = st.floats(0, 1).map(lambda share: round(share, 4))
amounts = st.floats(1e-4, 1e6)
sizes = st.integers(128, 10_240)
grids = st.fixed_dictionaries(
    {}, optional={"powerValues": st.just("ALL") | st.lists(sizes, min_size=1, max_size=9, unique=True)}
)
searches = st.fixed_dictionaries(
    {}, optional={"minMemory": st.integers(128, 512), "maxMemory": st.integers(512, 10_240), "precision": amounts}
).filter(lambda keys: 1e-3 < keys.get("precision", 0.1) <= 0.5)
texts = st.text().filter(lambda text: text.encode(errors="ignore").decode() == text)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "payload": st.dictionaries(texts, st.integers() | st.floats(allow_nan=False, allow_infinity=False))
        | texts
        | st.lists(st.fixed_dictionaries({"payload": texts, "weight": st.floats(1, 9)}), min_size=1, max_size=3)
    },
)
others = st.fixed_dictionaries(
    {"lambdaARN": st.sampled_from(["fn", "fn:prod", NAME]), "num": st.integers(50, 1000)},
    optional={
        "strategy": st.sampled_from(["cost", "speed", "balanced", "default"]),
        "balancedWeight": shares,
        "headroom": st.floats(1, 1000),
        "maxCost": amounts.map(lambda amount: f"{amount:.6f}usd/1M") | st.integers(1, 10**6),
        "maxDuration": st.integers(1, 900_000).map(lambda ms: f"p99<={ms}ms"),
        "coldShare": shares,
        "savingsPlan": st.floats(0.01, 0.9),
        "invocationsPerMonth": st.integers(1, 10**12) | st.floats(1, 1e12),
        "architectures": st.sampled_from(["arm64", "x86_64", "both"]),
        "environments": st.integers(1, 1000),
        "concurrency": st.integers(1, 10_000),
        "isolate": st.booleans(),
        "maxSpend": amounts,
        "rate": amounts,
        "seed": st.integers(0, 2**53),
        "sleepBetweenRunsMs": st.integers(0, 3_600_000),
        "reportSource": st.sampled_from(["auto", "tail", "logs"]),
        "allowedExceptions": st.lists(st.sampled_from(["A", "B.c", "Runtime.ExitError"])),
        "roleArn": st.just("arn:aws:iam::123456789012:role/tuning"),
        "preProcessorARN": st.just("before"),
        "postProcessorARN": st.just(f"{NAME}-after:prod"),
        "imageUriArm64": st.just("123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn:arm"),
        "imageUriX8664": st.just("123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn:x86"),
        "discardTopBottom": st.floats(0, 0.4),
        "includeOutputResults": st.booleans(),
        "autoOptimize": st.booleans(),
        "dryRun": st.booleans(),
    },
)


@given(others, grids | searches, payloads)
def test_a_request_comes_back_from_its_input(
    keys: dict[str, Any], searched: dict[str, Any], sent: dict[str, Any]
) -> None:
    asked = parse_request({**keys, **searched, **sent}, no_s3)
    written = json.loads(json.dumps(execution_input(asked)))
    assert parse_request(written, no_s3) == asked


@given(st.integers(2, 100), st.none() | st.integers(1, 100))
def test_cold_starts_come_back_with_their_concurrency(num: int, concurrency: int | None) -> None:
    asked = request(onlyColdStarts=True, num=num, concurrency=concurrency)
    assert parse_request(execution_input(asked), no_s3) == asked


def test_options_of_the_command_line_come_back() -> None:
    usual = TuningRequest(target=FunctionRef(name="fn"))
    assert execution_input(usual) == {"lambdaARN": "fn", "strategy": "default"}
    assert parse_request(execution_input(usual), no_s3) == usual
    events = parse_workload(b'{"a": 1.50}\n{"b": 2}', "events")
    sent = replace(usual, options=RunOptions(workload=events))
    assert parse_request(execution_input(sent), no_s3) == sent
    exact = replace(usual, options=RunOptions(workload=parse_workload(b'{"a": 1.50}', "event")))
    assert execution_input(exact)["payload"] == '{"a": 1.50}'


def test_large_payloads_belong_into_s3() -> None:
    body = json.dumps({"text": "x" * 250_000}).encode()
    large = TuningRequest(target=FunctionRef(name="fn"), options=RunOptions(workload=parse_workload(body, "x")))
    with pytest.raises(UsageError, match="bytes, more than the 204,800 that fit") as caught:
        execution_input(large)
    assert "payloadS3" in str(caught.value.hint)
    written = execution_input(large, payload_s3="s3://bucket/event.json")
    assert written["payloadS3"] == "s3://bucket/event.json"
    assert parse_request(written, lambda _: body) == large


def test_the_page_has_a_row_for_every_key() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "execution-input.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page.split("\n## Output")[0], flags=re.MULTILINE)
    assert sorted(rows) == sorted(KEYS)
