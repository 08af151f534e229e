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
    parse_strategy,
)
from powertune.errors import UsageError
from powertune.model import Payload, Workload
from powertune.workload import min_invocations, parse_workload


def load(folder: Path, environment: dict[str, str] | None = None, **options: Any) -> RunOptions:
    return load_run(folder, environment or {}, options, lambda text, folder: text.encode())


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == RunOptions()
    assert load_local(tmp_path) == LocalOptions()


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "powertune.toml").write_text("[run]\nlanes = 1\ninvocations = 11\nseed = 21\n")
    options = load(
        tmp_path, {"POWERTUNE_LANES": "2", "POWERTUNE_INVOCATIONS": "12", "OTHER": "x"}, lanes="3", seed=None
    )
    assert (options.lanes, options.invocations, options.seed) == (3, 12, 21)


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
        ("[run]\nlanes = true", "lanes True"),
        ("[run]\nlanes = 0", "lanes 0"),
        ("[run]\nrate = 'fast'", "rate 'fast'"),
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


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8))
def test_the_fewest_invocations_hold_every_payload(weights: list[float]) -> None:
    workload = Workload(
        payloads=tuple(Payload(body=str(n).encode(), weight=weight) for n, weight in enumerate(weights))
    )
    assert set(workload.first(min_invocations(workload) + 1)) == set(range(len(weights)))


def test_too_few_invocations_for_the_weights(tmp_path: Path) -> None:
    payload = '[{"payload": 1, "weight": 1}, {"payload": 2, "weight": 99}]'
    with pytest.raises(UsageError, match="too few for 2 weighted payloads") as caught:
        load(tmp_path, payload=payload)
    assert caught.value.hint == "--invocations 100 would send each at least once"
    assert load(tmp_path, payload=payload, invocations="100").invocations == 100


def test_strategies() -> None:
    assert parse_strategy(None) == "cost"
    assert parse_strategy("speed") == "speed"
    with pytest.raises(UsageError, match="unknown strategy 'best'"):
        parse_strategy("best")


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
