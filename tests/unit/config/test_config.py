import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.config import (
    LocalOptions,
    RunOptions,
    load_local,
    load_run,
    parse_judgement,
)
from powertune.errors import UsageError
from powertune.model import Architecture, Goal, Limit, Payload, Statistic, Strategy, Usage, Workload
from powertune.workload import min_invocations, parse_workload


def load(folder: Path, environment: dict[str, str] | None = None, **options: Any) -> RunOptions:
    return load_run(folder, environment or {}, options, lambda text, folder: text.encode())


def test_errors_that_are_allowed(tmp_path: Path) -> None:
    assert load(tmp_path, allowed_errors="NotFound, Throttled,NotFound").allowed_errors == ("NotFound", "Throttled")
    (tmp_path / "powertune.toml").write_text('[run]\nallowed_errors = ["A", "B"]\n')
    assert load(tmp_path).allowed_errors == ("A", "B")
    assert load(tmp_path, allowed_errors="").allowed_errors == ()
    for wrong in ("a,,b", " ", "x" * 129, ",".join(map(str, range(101))), "a\nb"):
        with pytest.raises(UsageError, match="allowed-errors"):
            load(tmp_path, allowed_errors=wrong)


def test_cold_starts_alone(tmp_path: Path) -> None:
    options = load(tmp_path, only_cold_starts=True)
    assert (options.only_cold_starts, options.policy, options.concurrency) == (True, "grid", 32)
    assert load(tmp_path, only_cold_starts=True, invocations="50").concurrency == 50
    assert load(tmp_path, only_cold_starts=True, invocations="50", concurrency="40").concurrency == 40
    assert load(tmp_path, {"POWERTUNE_ONLY_COLD_STARTS": "true"}).only_cold_starts


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"search": "adaptive"}, "only-cold-starts is not for the adaptive search"),
        ({"environments": "3"}, "environments is not for only-cold-starts"),
        ({"cold_share": "3%"}, "cold-share is not for only-cold-starts"),
        ({"min_memory": "256"}, "min-memory is not for the grid search"),
        ({"invocations": "1"}, "a single cold start"),
    ],
)
def test_what_is_not_for_cold_starts(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load(tmp_path, only_cold_starts=True, **options)
    assert caught.value.hint


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == RunOptions()
    assert load_local(tmp_path) == LocalOptions()


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text("[run]\nenvironments = 1\ninvocations = 11\nseed = 21\n")
    options = load(
        tmp_path,
        {"POWERTUNE_ENVIRONMENTS": "2", "POWERTUNE_INVOCATIONS": "12", "OTHER": "x"},
        environments="3",
        seed=None,
    )
    assert (options.environments, options.invocations, options.seed) == (3, 12, 21)


def test_pyproject_is_read_where_there_is_no_powertune_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[tool.powertune.run]\nmemory = "128-256:128"\nmax_spend = 2\n'
        '[tool.powertune.run.payload]\nkey = "value"\n'
    )
    options = load(tmp_path)
    assert options.memory == (128, 256)
    assert options.max_spend == 2.0
    assert options.workload.payloads == (Payload(body=b'{"key": "value"}'),)
    (tmp_path / "powertune.toml").write_text("[run]\n")
    assert load(tmp_path).memory is None or load(tmp_path).memory == (128, 256)


def test_the_local_table(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text(
        '[local]\nhandler = "a.b"\nruntime = "python3.13"\nmemory = 256\ntimeout = 7\nsetup = "s.py"\n'
        'payload = "{}"\n[local.environment]\nBUCKET = "b"\nNUMBER = 1\n'
    )
    assert load_local(tmp_path) == LocalOptions(
        handler="a.b",
        runtime="python3.13",
        memory=256,
        timeout=7,
        setup="s.py",
        payload="{}",
        environment=(("BUCKET", "b"), ("NUMBER", "1")),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[run]\nmemori = 1", "unknown key 'memori'"),
        ("[local]\nhandlr = 1", "unknown key 'handlr'"),
        ("[run", "powertune.toml"),
        ("run = 1", "'run' is not a table"),
        ("[rnu]\nlanes = 1", "unknown key 'rnu' in powertune.toml"),
        ("[run]\npost_processor = 'bad name!'", "'bad name!' is not the name"),
        ("[run]\nmemory = '128-10240:1'", "10,113 memory sizes are more than 100"),
        ("[run]\nsleep_ms = -1", "sleep -1"),
        ("[run]\nenvironments = true", "environments True"),
        ("[run]\nlanes = 0", "environments 0"),
        ("[run]\nrate = 'fast'", "rate 'fast'"),
        ("[run]\nisolate = 'maybe'", "isolate 'maybe'"),
        ("[run]\narch = 'mips'", "unknown arch 'mips'"),
        ("[run]\ncold_share = true", "cold-share True"),
        ("[run]\ninvocations_per_month = true", "invocations-per-month True"),
        ("[run]\nmax_spend = inf", "max-spend inf"),
        ("[run]\npre_processor = 1", "pre_processor 1 is not text"),
        ("[local]\nenvironment = 1", "environment 1 is not a table"),
        ("[local]\ntimeout = 901", "timeout 901"),
        ("[local]\nhandler = 1", "handler 1 is not text"),
    ],
)
def test_a_wrong_file(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        _ = load(tmp_path), load_local(tmp_path)
    assert words in caught.value.message
    assert caught.value.hint


def test_one_event_of_any_shape() -> None:
    for body in (b"{}", b"null", b"7", b'"text"', b"[1, 2]", b"[]", b'[{"payload": 1}]'):
        (payload,) = parse_workload(body, "source").payloads
        assert json.loads(payload.body) == json.loads(body)
        assert payload.weight == 1.0


def test_weighted_events_as_the_peer_writes_them() -> None:
    workload = parse_workload(b'[{"payload": {"a": 1}, "weight": 30}, {"payload": 2, "weight": 0.5}]', "source")
    assert workload.payloads == (Payload(body=b'{"a":1}', weight=30.0), Payload(body=b"2", weight=0.5))


def test_json_lines() -> None:
    workload = parse_workload(b'{"a": 1}\n\n{"payload": 2, "weight": 3}\n', "source")
    assert workload.payloads == (Payload(body=b'{"a":1}'), Payload(body=b"2", weight=3.0))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"{}\n{",
        b"[" * 5000,
        b"\xff",
        b'[{"payload": 1, "weight": 0}]',
        b'[{"payload": 1e999, "weight": 1}]',
        b'[{"payload": 1, "weight": "x"}]',
        b'[{"payload": 1, "weight": true}]',
        b'[{"payload": 1, "weight": 1e999}]',
        b'"' + b"x" * (6 * 1024 * 1024) + b'"',
    ],
)
def test_what_is_no_workload(body: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse_workload(body, "s" * 100)
    assert caught.value.hint
    assert len(caught.value.message) < 200


@pytest.mark.long
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8))
def test_the_fewest_invocations_hold_every_payload(weights: list[float]) -> None:
    workload = Workload(
        payloads=tuple(Payload(body=str(n).encode(), weight=weight) for n, weight in enumerate(weights))
    )
    assert set(workload.first(min_invocations(workload) + 1)) == set(range(len(weights)))


def test_too_few_invocations_for_the_weights(tmp_path: Path) -> None:
    payload = '[{"payload": 1, "weight": 1}, {"payload": 2, "weight": 99}]'
    with pytest.raises(UsageError, match="too few for 2 weighted payloads") as caught:
        load(tmp_path, payload=payload, memory="128")
    assert caught.value.hint == "--invocations 100 would send each at least once"
    assert load(tmp_path, payload=payload, invocations="100").invocations == 100


def test_what_is_said_of_the_search_on_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text('[run]\nprecision = "3%"\nmin_memory = 256\n')
    assert load(tmp_path).adaptive
    assert not load(tmp_path, memory="128,512").adaptive
    with pytest.raises(UsageError, match="precision is not for the grid search"):
        load(tmp_path, memory="128,512", precision="3%")
    (tmp_path / "powertune.toml").write_text('[run]\nmemory = "128,512"\n')
    assert not load(tmp_path).adaptive
    assert load(tmp_path, search="adaptive", precision="3%").adaptive
    with pytest.raises(UsageError, match="precision is not for the grid search"):
        load(tmp_path, precision="3%")


def test_goal_and_usage_are_parsed_into_nouns(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text(
        '[run]\nstrategy = "balanced"\nbalanced_weight = 0.7\nmax_duration = "p95<=1.5s"\nmax_cost = 5\n'
        'headroom = 1.1\ncold_share = "2%"\ninvocations_per_month = 300_000\narch = "both"\nisolate = true\n'
    )
    options = load(tmp_path, {"POWERTUNE_SAVINGS_PLAN": "12%"}, cost_tolerance="10%")
    assert options.goal == Goal(
        strategy=Strategy.BALANCED,
        cost_tolerance=0.1,
        balanced_weight=0.7,
        max_duration=Limit(statistic=Statistic.P95, at_most_ms=1500),
        max_cost=5e-6,
        max_cost_currency=None,
        headroom=1.1,
    )
    assert options.usage == Usage(cold_share=0.02, invocations_per_month=300_000, savings_plan=0.12)
    assert options.architectures == (Architecture.X86_64, Architecture.ARM64)
    assert options.isolate
    assert load(tmp_path, isolate=False, arch="arm64").architectures == (Architecture.ARM64,)
    assert not load(tmp_path, {"POWERTUNE_ISOLATE": "false"}).isolate


def test_where_to_measure_is_for_the_plan_to_decide_unless_somebody_says(tmp_path: Path) -> None:
    assert load(tmp_path).isolate is None
    assert load(tmp_path, isolate=True).isolate is True
    assert load(tmp_path, in_place=True).isolate is False
    assert load(tmp_path, {"POWERTUNE_IN_PLACE": "true"}).isolate is False
    assert load(tmp_path, {"POWERTUNE_IN_PLACE": "true"}, isolate=True).isolate is True
    (tmp_path / "powertune.toml").write_text("[run]\nin_place = true\n")
    assert load(tmp_path).isolate is False
    assert load(tmp_path, isolate=True).isolate is True
    assert load(tmp_path, {"POWERTUNE_ISOLATE": "1"}).isolate is True
    (tmp_path / "powertune.toml").write_text("[run]\nisolate = true\n")
    assert load(tmp_path, in_place=True).isolate is False


def test_in_place_and_isolate_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--in-place and --isolate contradict each other"):
        load(tmp_path, in_place=True, isolate=True)
    (tmp_path / "powertune.toml").write_text("[run]\nin_place = true\nisolate = true\n")
    with pytest.raises(UsageError, match="contradict"):
        load(tmp_path)
    (tmp_path / "powertune.toml").write_text("[run]\nin_place = 'perhaps'\n")
    with pytest.raises(UsageError, match="in-place 'perhaps'"):
        load(tmp_path)
    assert parse_judgement({"strategy": None}) == (Goal(), Usage())


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("max_duration", "300ms", Limit(statistic=Statistic.MEAN, at_most_ms=300)),
        ("max_duration", "<= 300", Limit(statistic=Statistic.MEAN, at_most_ms=300)),
        ("max_duration", " p99 <= 0.5 s ", Limit(statistic=Statistic.P99, at_most_ms=500)),
        ("max_cost", "<=5usd/1M", 5e-6),
        ("max_cost", "<= 0.30 CNY / 1M", 0.3e-6),
        ("invocations_per_month", "2.5M", 2.5e6),
        ("invocations_per_month", "2,500,000", 2.5e6),
        ("invocations_per_month", "2500000", 2.5e6),
        ("invocations_per_month", "2_500_000", 2.5e6),
        ("invocations_per_month", "1,000", 1e3),
        ("invocations_per_month", "30k", 3e4),
        ("cost_tolerance", "0.05", 0.05),
        ("cost_tolerance", "7.5 %", 0.075),
        ("balanced_weight", "1", 1.0),
    ],
)
def test_how_judgement_is_written(option: str, text: str, value: object) -> None:
    goal, usage = parse_judgement({option: text})
    assert getattr(usage if option == "invocations_per_month" else goal, option) == pytest.approx(value)


def test_an_option_overrides_its_part_of_what_a_run_was_asked() -> None:
    asked, told = Goal(strategy=Strategy.COST, headroom=2.0), Usage(cold_share=0.5, savings_plan=0.1)
    assert parse_judgement({"strategy": None}, asked, told) == (asked, told)
    goal, usage = parse_judgement({"strategy": "speed", "cold_share": "0.25"}, asked, told)
    assert goal == Goal(strategy=Strategy.SPEED, headroom=2.0)
    assert usage == Usage(cold_share=0.25, savings_plan=0.1)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("strategy", "best"),
        ("max_duration", "p90<=3ms"),
        ("max_duration", "p95>=3ms"),
        ("max_duration", "0ms"),
        ("max_duration", "fast"),
        ("max_cost", "-1"),
        ("max_cost", "5eur"),
        ("headroom", "0.9"),
        ("headroom", "10%"),
        ("cost_tolerance", "5"),
        ("cost_tolerance", "-1%"),
        ("cold_share", "often"),
        ("cold_share", "nan"),
        ("savings_plan", "100%"),
        ("invocations_per_month", "many"),
        ("invocations_per_month", "0"),
        ("invocations_per_month", "2,5M"),
        ("invocations_per_month", "2,500M"),
        ("invocations_per_month", "2,5"),
        ("invocations_per_month", "25,00,000"),
        ("invocations_per_month", "0,500"),
        ("invocations_per_month", "1,000,"),
        ("invocations_per_month", "1__000"),
        ("max_cost", "2,5usd"),
    ],
)
def test_judgement_that_makes_no_sense_is_refused_by_name(option: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_judgement({option: text})
    assert option.replace("_", "-") in caught.value.message
    assert repr(text) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "currency"), [("5", None), ("<=5/1M", None), ("<=5usd/1M", "USD"), ("5 CNY", "CNY")]
)
def test_the_currency_of_a_limit_is_kept_and_must_be_the_one_of_the_prices(text: str, currency: str | None) -> None:
    goal, _ = parse_judgement({"max_cost": text})
    assert goal.max_cost_currency == currency
    goal.check_currency(currency or "USD")
    if currency is not None:
        with pytest.raises(UsageError, match="EUR") as caught:
            goal.check_currency("EUR")
        assert caught.value.hint


def test_a_single_event_is_sent_as_it_was_given() -> None:
    for body in (b'{"a":  1e400}', '{"a": "\u00fc"}'.encode(), b"0.10"):
        assert parse_workload(b" " + body + b"\n", "source").payloads == (Payload(body=body),)


def test_names_in_the_file_start_from_its_folder_and_a_usual_payload_is_the_last_resort(tmp_path: Path) -> None:
    def read(text: str, folder: Path) -> bytes:
        return json.dumps([text, folder == tmp_path]).encode()

    def payload_of(**options: Any) -> Any:
        loaded = load_run(tmp_path, {}, options, read, usual_payload="@usual.json")
        return json.loads(loaded.workload.payloads[0].body)

    assert payload_of() == ["@usual.json", True]
    (tmp_path / "powertune.toml").write_text('[run]\npayload = "@file.json"\nprices = "p.json"\n')
    assert payload_of() == ["@file.json", True]
    assert payload_of(payload="@here.json") == ["@here.json", False]
    assert load_run(tmp_path, {}, {}, read).prices == tmp_path / "p.json"
    assert load_run(tmp_path, {}, {"prices": "p.json"}, read).prices == Path("p.json")
    (tmp_path / "powertune.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool]\npowertune = 5\n")
    with pytest.raises(UsageError, match="is not a table"):
        payload_of()
