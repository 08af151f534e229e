"""Filter patterns of the embedded CloudWatch Logs: each has a meaning or is refused, whatever its text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.logs.pattern_values import BadPatternError
from powertune.local.logs.patterns import extracted_values, filter_pattern

_LOG = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
_JSON = json.dumps(
    {
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3}],
        "actions": ["GET", "PUT"],
        "coordinates": [[0, 1, 2]],
        "nothing": None,
        "flag": True,
        "address": "123.123.4.5",
        "latency": 1.5e3,
        "a-b_c": "x",
    }
)
_PIECES = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", "(", ")", "&&", "||", "=", "!=", "=!", "<", ">", ">=", "$.a", "$.b[0]", "$.*", "a", "b",
         "1", "-", "?", '"', "%", "*", ",", "...", "IS", "NOT", "NULL", "EXISTS", " ", "\\", "^", "{2}"]
    ),
    max_size=14,
)  # fmt: skip
_TEXTS = st.one_of(st.text(max_size=40), _PIECES.map("".join), _PIECES.map(lambda each: "{" + " ".join(each) + "}"),
                   _PIECES.map(lambda each: "[" + "".join(each) + "]"))  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("", [0, 1, 2]),
        ("ERROR", [0, 1]),
        ("?ERROR ?WARN", [0, 1, 2]),
        ("ERROR WARN", [0]),
        ("ERROR -WARN", [1]),
        ("ERROR - WARN", [1]),
        ("-ERROR", [2]),
        ('"RROR mess"', [1]),
        ("?ERROR WARN", [0, 2]),  # with other terms, optional ones are ignored
        ("%^WARN%", [2]),
        ("error", []),
    ],
)
def test_terms(pattern: str, wanted: list[int]) -> None:
    messages = ("ERROR WARN message", "ERROR message", "WARN message")
    assert [n for n, message in enumerate(messages) if filter_pattern(pattern)(message)] == wanted


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        ('{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = no && $.actions[2] = no }', True),
        ('{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = no) && $.actions[2] = no }', False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.nothing NOT EXISTS }", False),
        ("{ $.flag IS TRUE }", True),
        ("{ $.flag IS FALSE }", False),
        ("{ $.address = 123.123.* }", True),
        ("{ $.address != 123.123.* }", False),
        ("{ $.users = 1 }", False),
        ("{ $.users != 1 }", False),
        ("{ $.missing != 1 }", False),
        ("{ $.latency >= 1500 }", True),
        ("{ $.latency < 10e2 }", False),
        ("{ $.users[*].id = 3 }", True),
        ("{ $.a-b_c = %^x$% }", True),
        ('{ $.["a-b_c"] = x }', True),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    assert filter_pattern(pattern)(_JSON) is matches
    assert not filter_pattern(pattern)("text " + _JSON)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username]", False),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]", True),
        ("[ip, user, username, timestamp, request, status_code = 4* && status_code != 404, bytes]", False),
        ("[..., request = *html*, status_code = 404 || status_code = 500, bytes]", True),
        ("[ip, user, ..., status = 5*, bytes]", False),
        ("[ip = 127*, ...]", True),
        ("[..., bytes <= 1533]", False),
        ('[ip, id, user = "frank", ...]', True),
    ],
)
def test_fields(pattern: str, matches: bool) -> None:
    assert filter_pattern(pattern)(_LOG) is matches


def test_extracted_values() -> None:
    found = extracted_values(filter_pattern("[..., request=*.html*, status_code=4*,]"), _LOG)
    assert found["$status_code"] == "404"
    assert found["$request"] == "GET /index.html HTTP/1.0"
    assert found["$7"] == "1534"
    assert extracted_values(filter_pattern("frank"), _LOG) == {}


@pytest.mark.parametrize(
    "pattern",
    ["a.b", '"open', "{", "[", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a > x }", "{ $.a IS 1 }", "[a, a]", "%a!%",
     "%(a)%", "%[%", "[..., a, ...]", "[a > x]", "[a b]", "{ $.a = 1 &&}", "{ $.a=%a% && $.b=%b% && $.c=%c% }",
     "x" * 1025, "{" + "(" * 200 + "$.a = 1" + ")" * 200 + "}"],
)  # fmt: skip
def test_refused(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        filter_pattern(pattern)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of regular expressions that another Python may read otherwise
@given(_TEXTS, st.one_of(st.text(max_size=60), st.just(_JSON), st.just(_LOG), st.just('{"a": [1, {"b": 1e400}]}')))
def test_a_pattern_is_a_predicate_or_is_refused(pattern: str, message: str) -> None:
    try:
        matches = filter_pattern(pattern)
    except BadPatternError:
        return
    assert matches(message) in (True, False)


@given(st.lists(st.text("abc xyz", max_size=12), max_size=8), st.text("abc", min_size=1, max_size=2))
def test_excluded_and_wanted_terms_part_the_events(messages: list[str], term: str) -> None:
    wanted, unwanted = filter_pattern(term), filter_pattern(f"-{term}")
    assert all(wanted(message) != unwanted(message) for message in messages)
    assert all(wanted(message) == (term in message) for message in messages)
