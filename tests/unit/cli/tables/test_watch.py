"""The table of alarms: a line for each, with where its limit is from."""

import os
from pathlib import Path

from watches import make_evidence, make_watched, watch_of

from powertune.cli.tables.watch import watch_text

GOLDEN = Path(__file__).parents[3] / "golden" / "watch" / "table.txt"


def test_every_alarm_has_a_line() -> None:
    own = make_watched("other_fn", "prod", reserved_concurrency=50)
    text = watch_text(watch_of(make_evidence(), make_evidence(own, run=None)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(f"{text}\n")
    assert f"{text}\n" == GOLDEN.read_text()
    assert [line.split()[:2] for line in text.splitlines()[1:]] == [
        *(["my-fn", alarm] for alarm in ("errors", "p95", "throttles", "cost")),
        *(["other_fn:prod", alarm] for alarm in ("errors", "p95", "throttles", "concurrency", "cost")),
        ["(all", "others)"],
    ]
