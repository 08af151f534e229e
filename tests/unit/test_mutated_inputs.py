"""Damaged input of every other kind: each parser gives a value, or an error of ours with a next step, and soon."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import (
    EXTREMES,
    NUMBERS,
    TEXTS,
    damaged_text,
    many,
    mutated_bytes,
    mutated_json,
    mutated_text,
    seeds,
    within,
)

from powertune.aws.journal import Journal
from powertune.aws.logs.report_line import ReportLine, parse_report, parse_reports
from powertune.cli.sources import payload_reader
from powertune.cli.tables.prices import render_prices_table
from powertune.cli.tables.screen import Screen
from powertune.config import RunOptions, load_local, load_run, parse_judgement, values
from powertune.errors import PowertuneError, UsageError
from powertune.model import Architecture, Configuration, FunctionRef, Workload
from powertune.prices import PriceTable
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB, parse_memory_list
from powertune.workload import PAYLOAD_LIMIT_BYTES, min_invocations, parse_workload

ROOT = Path(__file__).parents[2]
SECONDS = 20
T = TypeVar("T")


def check_error(error: PowertuneError) -> None:
    """It has a next step, and does not fill the terminal."""
    assert error.hint
    assert len(error.message) < 2_000


def refused(parse: Callable[[], object]) -> PowertuneError:
    """The error of a parser."""
    with within(SECONDS), pytest.raises(UsageError) as caught:
        parse()
    check_error(caught.value)
    return caught.value


def value_or_error(parse: Callable[[], T]) -> T | None:
    with within(SECONDS):
        try:
            return parse()
        except UsageError as refusal:
            error = refusal
    check_error(error)
    return None


# Memory lists and other values of options.


@pytest.mark.parametrize(
    "text",
    ["9" * 5_000, "128-" + "9" * 5_000 + ":1", "128-1024:" + "9" * 5_000, "1" * 1_000_000, ",".join(["x"] * 10**6)],
)
def test_a_memory_size_of_thousands_of_digits_is_refused(text: str) -> None:
    refused(lambda: parse_memory_list(text))


def test_all_memory_sizes_several_times_are_refused_at_the_first_repetition() -> None:
    error = refused(lambda: parse_memory_list(",".join(["128-10240:1"] * 200)))
    assert "128 MB is named twice" in error.message
    assert len(parse_memory_list("128-10240:1")) == 10_113


@pytest.mark.long
@many
@given(
    st.sampled_from(("128,512,1024", "128-1024:128", "128 MB, 256-512:64 ,10240", "128-10240:1,128-10240:1")).flatmap(
        mutated_text
    )
)
def test_damaged_memory_lists(text: str) -> None:
    sizes = value_or_error(lambda: parse_memory_list(text))
    assert sizes is None or all(MEMORY_MIN_MB <= size <= MEMORY_MAX_MB for size in sizes)


#: What options take, as people write it.
VALUES = {
    "max_duration": ("p95<=300ms", "mean<=2s", "300ms"),
    "max_cost": ("<=5usd/1M", "5", "0.5cny"),
    "cost_tolerance": ("5%", "0.05"),
    "balanced_weight": ("0.5",),
    "headroom": ("1.2",),
    "cold_share": ("2%", "0.01"),
    "invocations_per_month": ("2500000", "2,500,000", "2.5M", "300k"),
    "savings_plan": ("12%",),
    "strategy": ("cost", "balanced"),
}
RUN_VALUES = {
    **VALUES,
    "search": ("adaptive",),
    "min_memory": ("256",),
    "max_memory": ("2048",),
    "precision": ("3%",),
    "arch": ("both", "arm64"),
    "isolate": ("true", "no"),
    "image_uri_arm64": ("123456789012.dkr.ecr.us-east-1.amazonaws.com/name:tag",),
    "invocations": ("20",),
    "lanes": ("3",),
    "concurrency": ("8",),
    "telemetry": ("logs",),
    "max_spend": ("0.5",),
    "seed": ("1",),
    "sleep_ms": ("100",),
    "rate": ("4.5",),
    "pre_processor": ("arn:aws:lambda:us-east-1:123456789012:function:name:alias",),
    "prices": ("prices.json",),
}


_ANYTHING: tuple[Any, ...] = (
    0,
    -1,
    2**63,
    10**5_000,
    1e308,
    1e-320,
    float("inf"),
    float("nan"),
    True,
    [],
    {},
    [[]],
    *NUMBERS,
    *TEXTS,
)


def some_options(seed: int) -> dict[str, Any]:
    """One to three options; the value of each is damaged, an extreme, or of another type, as TOML has them."""
    chance = Random(seed)
    names = chance.sample(sorted(RUN_VALUES), chance.randint(1, 3))
    return {
        name: damaged_text(chance, chance.choice(RUN_VALUES[name]))
        if chance.random() < 0.6
        else chance.choice(_ANYTHING)
        for name in names
    }


def given_options(given: dict[str, Any]) -> RunOptions:
    return load_run(Path("/nowhere"), {}, given, lambda source, folder: source.encode())


@pytest.mark.long
@many
@given(seeds.map(some_options))
def test_damaged_values_of_options(given: dict[str, Any]) -> None:
    value_or_error(lambda: given_options(given))


#: Where one of the extremes below is a share of 0 or a name.
TAKEN = (
    "cold_share",
    "cost_tolerance",
    "balanced_weight",
    "savings_plan",
    "prices",
    "image_uri_arm64",
    "pre_processor",
)


@pytest.mark.parametrize("name", sorted(RUN_VALUES))
@pytest.mark.parametrize(
    "value", [10**5_000, "9" * 5_000, "0." + "0" * 400 + "1", "1e-320", float("inf"), {"a": [{}]}], ids=range(6)
)
def test_no_option_takes_an_extreme_number(name: str, value: Any) -> None:
    option = value_or_error(lambda: given_options({name: value}))
    assert option is None or name in TAKEN


@pytest.mark.parametrize(
    "given", [{"rate": "1e-320"}, {"headroom": "1e308"}, {"max_duration": "0." + "0" * 400 + "1ms"}]
)
def test_a_number_whose_use_would_overflow_is_refused(given: dict[str, str]) -> None:
    refused(lambda: given_options(given))


@pytest.mark.long
@many
@given(
    st.sampled_from(
        (
            "name:alias",
            "123456789012:function:name",
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:name:$LATEST",
        )
    ).flatmap(mutated_text)
)
def test_damaged_names_of_functions(text: str) -> None:
    ref = value_or_error(lambda: FunctionRef.parse(text))
    assert ref is None or str(ref).isprintable()


# powertune.toml.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("function")


TOML = """\
[run]
memory = [128, 256, 512]
arch = "both"
max_duration = "p95<=300ms"
cost_tolerance = 0.05
invocations_per_month = "2.5M"
payload = [{ payload = { n = 20_000, when = "2026-09-01" }, weight = 3 }, { payload = {}, weight = 1.5 }]

[local]
handler = "app.handler"
memory = 128
timeout = 30
environment = { BUCKET = "name", LEVEL = 3, FAST = true }
"""
_TOML_PIECES = (
    "2026-09-01",
    "12:00:00",
    "2026-09-01T12:00:00Z",
    "inf",
    "nan",
    "-inf",
    "0x" + "f" * 5_000,
    '"\\u0000"',
    "[[]]",
    "{ a = 1 }",
    '"\\u001b[2J"',
    "1e400",
    "",
)


def load(folder: Path, text: str) -> None:
    """Both tables, each of which may be refused."""
    (folder / "powertune.toml").write_bytes(text.encode(errors="surrogateescape"))
    read = payload_reader(lambda bucket, key: b"{}")
    value_or_error(lambda: load_run(folder, {}, {}, read))
    value_or_error(lambda: load_local(folder))


@cache
def toml_files() -> tuple[str, ...]:
    return (TOML, *(path.read_text() for path in sorted(ROOT.glob("examples/*/powertune.toml"))))


def damaged_toml(seed: int) -> str:
    """A file with something flipped, cut or repeated, or with a value replaced."""
    chance = Random(seed)
    text = chance.choice(toml_files())
    if chance.random() < 0.5:
        return damaged_text(chance, text)
    lines = text.splitlines()
    number = chance.choice([index for index, line in enumerate(lines) if "=" in line])
    lines[number] = f"{lines[number].partition('=')[0]}= {chance.choice(_TOML_PIECES + EXTREMES)}"
    return "\n".join(lines)


@pytest.mark.long
@many
@given(text=seeds.map(damaged_toml))
def test_damaged_powertune_toml(folder: Path, text: str) -> None:
    load(folder, text)


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        "[run]\npayload = 2026-09-01",
        "[run]\npayload = { when = 2026-09-01T12:00:00Z }",
        "[run]\npayload = { x = inf }",
        "[run]\nmemory = 0x" + "f" * 5_000,
        "[run]\nseed = 0x" + "f" * 5_000,
        "[run]\nmax_spend = 0x" + "f" * 5_000,
        "[run]\nprices = '''a\nb'''",
        '[run]\nprices = "a\\u0000b"',
        '[run]\npayload = "@a\\u0000b"',
        "[run]\npayload = " + "[" * 100_000 + "]" * 100_000,
        "[run]\npayload = " + "{ a = " * 100_000 + "1" + " }" * 100_000,
        "[run]\n" + ".".join("a" * 100_000) + " = 1",
        "[run]\n" + " . ".join(['"a"', "'b'", "c"] * 30_000) + " = 1",
        "[" + ".".join(["run", *"a" * 100_000]) + "]",
    ],
    ids=range(14),
)
def test_toml_that_is_legal_but_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "powertune.toml").write_text(text)
    refused(lambda: load_run(tmp_path, {}, {}, payload_reader(lambda bucket, key: b"{}")))


def test_long_texts_and_lists_of_decimals_are_not_nested_keys(tmp_path: Path) -> None:
    figures = ", ".join(["1.5"] * 1_000)
    (tmp_path / "powertune.toml").write_text(
        f'# {"." * 500}\n[run]\npayload = {{ x = [{figures}], text = "{"so. " * 500}" }}\n'
    )
    options = load_run(tmp_path, {}, {}, payload_reader(lambda bucket, key: b"{}"))
    assert len(json.loads(options.workload.payloads[0].body)["x"]) == 1_000


@pytest.mark.parametrize(
    "environment",
    [
        "{ A = 1 }",
        '{ "A=B" = "x" }',
        "{ AB = {} }",
        "{ AB = 2026-09-01 }",
        '{ AB = "\\u0000" }',
        "{ AB = 0x" + "f" * 5_000 + " }",
    ],
    ids=range(6),
)
def test_an_environment_that_no_process_can_have_is_refused(tmp_path: Path, environment: str) -> None:
    (tmp_path / "powertune.toml").write_text(f"[local]\nenvironment = {environment}\n")
    refused(lambda: load_local(tmp_path))


# Payloads.

WEIGHTED = json.dumps(
    [{"payload": {"name": "n\u00e4me", "n": 1.5}, "weight": 30}, {"payload": [1, None], "weight": 1}]
)
LINES = '{"payload": {"n": 1}, "weight": 3}\n{"payload": "x", "weight": 0.5}\n{"n": 3}\n'


@pytest.mark.long
@many
@given(
    st.one_of(mutated_json(WEIGHTED).map(str.encode), mutated_bytes(WEIGHTED.encode()), mutated_bytes(LINES.encode()))
)
def test_damaged_payloads(body: bytes) -> None:
    workload = value_or_error(lambda: parse_workload(body, "@events.json"))
    if workload is not None:
        for payload in workload.payloads:
            json.loads(payload.body.decode())
            assert len(payload.body) <= PAYLOAD_LIMIT_BYTES
        assert min_invocations(workload) >= 1
        assert len(workload.first(20)) == 20


@pytest.mark.parametrize("weight", ["1e-320", "1" + "0" * 400, "9" * 4_000, "1e308", "1e-9", "true", "0", "-1"])
def test_a_weight_that_is_no_share_of_anything_is_refused(weight: str) -> None:
    refused(
        lambda: parse_workload(
            f'[{{"payload": 1, "weight": {weight}}}, {{"payload": 2, "weight": 1}}]'.encode(), "events"
        )
    )


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'{"a": "\xe9"}', '{"a": 1}'.encode("utf-16"), '{"a": 1}'.encode("utf-32-le"), b'"\xed\xa0\x80"'],
)
def test_a_payload_that_is_not_utf_8_is_refused(body: bytes) -> None:
    error = refused(lambda: parse_workload(body, "@event.json"))
    # Without a mark of its order, UTF-16 of English text is UTF-8, too, with zeros in it.
    assert "is not UTF-8" in error.message or ("is not JSON" in error.message and b"\0" in body)


def test_bytes_of_the_command_line_that_are_not_utf_8_are_refused() -> None:
    source = b'{"a": "\xe9"}'.decode(errors="surrogateescape")
    read = payload_reader(lambda bucket, key: b"")
    assert "is not UTF-8" in refused(lambda: parse_workload(read(source, Path()), source)).message


def test_a_byte_order_mark_is_no_part_of_the_payload() -> None:
    assert parse_workload(b'\xef\xbb\xbf{"a": 1}', "@event.json").payloads[0].body == b'{"a": 1}'


def test_half_a_character_stays_escaped_in_a_weighted_payload() -> None:
    workload = parse_workload(b'[{"payload": "\\ud800", "weight": 1}]', "events")
    assert workload.payloads[0].body == b'"\\ud800"'


@pytest.mark.long
def test_events_beyond_number_are_refused() -> None:
    refused(lambda: parse_workload(b"{}\n" * 100_000, "@events.jsonl"))


def test_nesting_beyond_measure_is_refused() -> None:
    for depth in (400, 900, 990, 20_000):
        nested = b"[" * depth + b"]" * depth
        value_or_error(lambda nested=nested: parse_workload(b'[{"payload": ' + nested + b', "weight": 1}]', "events"))  # type: ignore[misc]


# Price tables.


@cache
def price_file() -> str:
    """Three regions of the table that comes with this version."""
    document = json.loads((ROOT / "powertune/data/prices.json").read_text())
    document["regions"] = {name: document["regions"][name] for name in ("us-east-1", "eu-central-1", "cn-north-1")}
    return json.dumps(document)


@pytest.mark.long
@many
@given(
    st.one_of(
        st.deferred(lambda: mutated_json(price_file())), st.deferred(lambda: mutated_bytes(price_file().encode()))
    )
)
def test_damaged_price_tables(data: str | bytes) -> None:
    table = value_or_error(lambda: PriceTable.load(data.encode() if isinstance(data, str) else data))
    if table is None:
        return
    for line in (value_or_error(lambda: render_prices_table(table, Screen())) or b"").decode().split("\n"):
        assert line.isprintable()
    for region in table.regions:
        for architecture, _ in region.architectures:
            largest = Configuration(memory_mb=MEMORY_MAX_MB, architecture=architecture)
            assert 0 <= region.invocation_cost(largest, 1e9) < 1e15
    assert PriceTable.load(table.to_json().encode()) == table


@pytest.mark.parametrize(
    "price", ["1e308", "1e-320", "1" + "0" * 400, "inf", "nan", "-1", "1_0", "\u0661", " 1", "0x1"]
)
def test_a_price_that_nothing_has_is_refused(price: str) -> None:
    document = json.loads(price_file())
    document["regions"]["us-east-1"]["request"] = price
    refused(lambda: PriceTable.load(json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("field", "value"), [("currency", "\x1b[31m"), ("currency", "usd"), ("currency", "X" * 5_000)]
)
def test_a_currency_is_a_code_of_three_letters(field: str, value: str) -> None:
    document = json.loads(price_file())
    document["regions"]["us-east-1"][field] = value
    refused(lambda: PriceTable.load(json.dumps(document).encode()))


def test_a_price_tables_source_is_no_markup() -> None:
    document = {**json.loads(price_file()), "source": "[/red] of [bold]"}
    table = PriceTable.load(json.dumps(document).encode())
    assert "[/red] of [bold]" in render_prices_table(table.only("us-east-1"), Screen()).decode()


def test_the_bound_of_a_volume_tier_may_not_overflow() -> None:
    document = json.loads(price_file())
    document["regions"]["us-east-1"]["architectures"][Architecture.ARM64]["gb_second"][0][0] = 10**400
    refused(lambda: PriceTable.load(json.dumps(document).encode()))


# The journal.

JOURNAL = Journal(
    run_id="20260901-abcdef", started_at=1_790_000_000, memory_mb=512, trial_mb=(128, 1024), copies=1
).encode()


@pytest.mark.long
@many
@given(st.one_of(mutated_json(JOURNAL), mutated_text(JOURNAL)))
def test_damaged_journals(text: str) -> None:
    value_or_error(lambda: Journal.decode(text))


@pytest.mark.parametrize("field", ["at", "mem", "copies", "last", "trial"])
@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_journal_with_an_infinite_number_is_refused(field: str, number: str) -> None:
    document = {**json.loads(JOURNAL), field: ["#"] if field == "trial" else "#"}
    refused(lambda: Journal.decode(json.dumps(document).replace('"#"', number)))


# Reports of invocations.

REPORT = (
    "START RequestId: 8f5e2ce4-3b3c-4b0e-9d3c-0123456789ab Version: 7\n"
    "END RequestId: 8f5e2ce4-3b3c-4b0e-9d3c-0123456789ab\n"
    "REPORT RequestId: 8f5e2ce4-3b3c-4b0e-9d3c-0123456789ab\tDuration: 102.25 ms\tBilled Duration: 303 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 61 MB\tInit Duration: 200.11 ms\tStatus: error\t"
    "Error Type: Runtime.ExitError\n"
    "XRAY TraceId: 1-5f5e2ce4-3b3c4b0e9d3c012345678900\tSegmentId: 0\tSampled: true\n"
)
JSON_REPORT = json.dumps(
    {
        "time": "2026-09-01T12:00:00.000Z",
        "type": "platform.report",
        "record": {
            "requestId": "8f5e2ce4-3b3c-4b0e-9d3c-0123456789ab",
            "metrics": {"durationMs": 102.25, "billedDurationMs": 303, "memorySizeMB": 512, "maxMemoryUsedMB": 61},
            "tracing": {"spanId": "0", "type": "X-Amzn-Trace-Id", "value": "Root=1-5f5e;Parent=0;Sampled=1"},
            "status": "error",
            "errorType": "Runtime.ExitError",
        },
    }
)


@pytest.mark.long
@many
@given(st.one_of(mutated_text(REPORT), mutated_text(JSON_REPORT), mutated_json(JSON_REPORT)))
def test_damaged_reports(text: str) -> None:
    with within(SECONDS):
        report = parse_report(text)
    if isinstance(report, ReportLine):
        assert 0 <= report.duration_ms < 1e12
        assert 1 <= report.billed_ms < 1e12
        assert report.status is None or isinstance(report.status, str)


@pytest.mark.long
def test_a_text_full_of_beginnings_of_reports_is_read_once() -> None:
    text = "REPORT RequestId: 8f5e2ce4-3b3c " * 30_000
    with within(SECONDS):
        assert parse_reports(text) == {}


def test_a_report_ends_where_the_next_one_begins_even_on_its_line() -> None:
    cut = "REPORT RequestId: aaaaaaaa-1\tDuration: 1.5 ms\t"
    whole = "REPORT RequestId: bbbbbbbb-2\tDuration: 2.5 ms\tBilled Duration: 3 ms\n"
    assert set(parse_reports(cut + whole)) == {"bbbbbbbb-2"}


def test_a_workload_of_the_most_events_is_in_proportion() -> None:
    workload: Workload = parse_workload(b"{}\n" * 1_000, "@events.jsonl")
    with within(SECONDS):
        assert sorted(workload.first(1_000)) == list(range(1_000))


def test_judgement_takes_the_same_values() -> None:
    for name, texts in VALUES.items():
        for text in texts:
            parse_judgement({name: text})
    assert values.factor("headroom", "1000") == 1000
