from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import memory_sizes

from powertune.errors import UsageError
from powertune.units import (
    MEMORY_MAX_MB,
    MEMORY_MIN_MB,
    format_ms,
    format_ratio,
    format_seconds,
    format_usd,
    parse_memory_list,
    printable,
)


@given(st.sets(memory_sizes, min_size=1, max_size=12).flatmap(lambda sizes: st.permutations(sorted(sizes))))
def test_a_list_comes_back_sorted_whatever_its_order_and_spacing(sizes: list[int]) -> None:
    assert parse_memory_list(" , ".join(f"{size} MB" for size in sizes)) == tuple(sorted(sizes))


@given(low=memory_sizes, high=memory_sizes, step=st.integers(1, 10_240))
def test_a_range_is_pythons_with_its_end_included(low: int, high: int, step: int) -> None:
    low, high = sorted((low, high))
    assert parse_memory_list(f"{low}-{high}:{step}") == tuple(range(low, high + 1, step))


@given(st.text(max_size=30))
def test_any_text_gives_sizes_that_lambda_offers_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        sizes = parse_memory_list(text)
        assert sizes == tuple(sorted(set(sizes)))
        assert all(MEMORY_MIN_MB <= size <= MEMORY_MAX_MB for size in sizes)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "whole number"),
        ("lots", "'lots'"),
        ("127", "127 MB is out of range"),
        ("10241", "out of range"),
        ("512,512", "512 MB is named twice"),
        ("128-512:128,256", "256 MB is named twice"),
        ("128-1024", "not LOW-HIGH:STEP"),
        ("128-x:1", "not LOW-HIGH:STEP"),
        ("1024-128:64", "reversed"),
        ("128-256:0", "step of 0"),
        ("100-256:1", "100 MB is out of range"),
        ("\u0661\u0662\u0668", "whole number"),
    ],
)
def test_what_is_wrong_is_named(text: str, names: str) -> None:
    with pytest.raises(UsageError, match=names) as caught:
        parse_memory_list(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.52, "0.520 ms"),
        (9.996, "10.0 ms"),
        (14.26, "14.3 ms"),
        (99.96, "100 ms"),
        (2130.4, "2,130 ms"),
        (0.0000012, "0.00000120 ms"),
        (0, "0 ms"),
    ],
)
def test_milliseconds_have_three_significant_digits(value: float, text: str) -> None:
    assert format_ms(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0.0000021, "USD", "$0.0000021"),
        (0.2, "USD", "$0.20"),
        (-0.508, "USD", "-$0.508"),
        (-3, "EUR", "-3.00 EUR"),
        (0.0456, "USD", "$0.0456"),
        (12.3, "CNY", "¥12.30"),
        (0, "USD", "$0.00"),
        (1234.5, "USD", "$1,234.50"),
        (2.5, "EUR", "2.50 EUR"),
    ],
)
def test_money_is_plain_digits_however_small(value: float, currency: str, text: str) -> None:
    assert format_usd(value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"), [(8.4, "8 s"), (200, "3 min 20 s"), (3900, "1 h 05 min"), (59.7, "1 min 00 s")]
)
def test_seconds_read_as_people_say_them(value: float, text: str) -> None:
    assert format_seconds(value) == text


def test_a_ratio_has_two_decimals() -> None:
    assert format_ratio(1.0712) == "1.07x"


@given(st.text())
def test_what_is_printed_is_one_line_that_steers_no_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)
    assert printable("plain ü\x1b[31m\nnext\u202e") == "plain ü\ufffd[31m next\ufffd"
