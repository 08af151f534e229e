import pytest

from powertune.scan.archive import newest_first, scan_name

#: 2026-11-27 14:21:00 UTC.
MOMENT = 1_795_789_260.0
NAME = "scan-20261127T142100Z.json"


def test_a_name_is_the_moment_to_the_second() -> None:
    assert scan_name(MOMENT) == NAME
    assert scan_name(MOMENT + 0.9) == NAME


def test_a_name_that_is_taken_is_not_given_again() -> None:
    assert scan_name(MOMENT, {NAME}) == "scan-20261127T142100Z-2.json"
    assert scan_name(MOMENT, {NAME, "scan-20261127T142100Z-2.json"}) == "scan-20261127T142100Z-3.json"


@pytest.mark.parametrize("seconds", [1e15, 1e300])
def test_a_moment_beyond_calendars_has_no_name(seconds: float) -> None:
    with pytest.raises(ValueError, match="beyond all calendars"):
        scan_name(seconds)


def test_names_of_scans_are_found_the_newest_first() -> None:
    names = [
        "scan-20261120T142100Z.json",
        "notes.json",
        f"{NAME}.tmp",
        "scan-20261127T142100Z-10.json",
        NAME,
        "scan-20261127T142100Z-2.json",
        "scan-2026.json",
    ]

    assert newest_first(names) == (
        "scan-20261127T142100Z-10.json",
        "scan-20261127T142100Z-2.json",
        NAME,
        "scan-20261120T142100Z.json",
    )
    assert newest_first(names, before=MOMENT) == ("scan-20261120T142100Z.json",)
    assert newest_first(names, before=MOMENT + 1)[0] == "scan-20261127T142100Z-10.json"
