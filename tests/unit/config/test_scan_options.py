"""The options of a scan: the file gives way to the command line, and cannot decide where to scan or what to spend."""

from pathlib import Path
from typing import Any

import pytest

from powertune.config.scan_options import ScanOptions, load_scan
from powertune.errors import UsageError


def written(folder: Path, text: str) -> Path:
    (folder / "powertune.toml").write_text(text)
    return folder


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        """
        [scan]
        days = 30
        top = 5
        fail_on = "savings>100usd/month"
        [[scan.suppress]]
        rule = "idle-function"
        function = "disaster-*"
        reason = "runs when everything else is down"
        """,
    )
    options = load_scan(folder, {"days": "7", "max_spend": "0", "fail_on": [], "top": None})
    assert options == ScanOptions(
        days=7,
        top=5,
        max_spend=0.0,
        fail_on=("savings>100usd/month",),
        suppress=(
            {"rule": "idle-function", "function": "disaster-*", "reason": "runs when everything else is down"},
        ),
    )


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    assert load_scan(tmp_path, {}) == ScanOptions()


@pytest.mark.parametrize("key", ["regions", "role", "accounts", "max_spend", "rate"])
def test_a_file_cannot_say_where_to_scan_or_what_to_spend(tmp_path: Path, key: str) -> None:
    with pytest.raises(UsageError, match=f"unknown key '{key}' in the table"):
        load_scan(written(tmp_path, f'[scan]\n{key} = "1"'), {})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": "0"}, "days '0' is not a whole number from 1 to 90"),
        ({"days": "soon"}, "days 'soon'"),
        ({"max_spend": "-1"}, "max-spend '-1' is not a positive number"),
        ({"fail_on": 3}, "fail-on 3 is not a list of texts"),
        ({"suppress": ["idle-function"]}, "suppress .* is not a list of tables"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_scan(tmp_path, options)
