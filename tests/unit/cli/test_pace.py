"""How long the rest of an execution takes is said only where it is known."""

from powertune.cli.pace import BatchPace


def test_nothing_is_said_before_every_size_is_warm_and_time_has_gone_by_since() -> None:
    pace = BatchPace(["small", "large"])
    assert pace.left_s(100) is None
    # The first batch: one size alone.
    for number in range(1, 6):
        pace.invoked("small", warm=number > 1, completed=number, now=10.0)
    pace.invoked("small", warm=True, completed=6, now=12.0)
    assert pace.left_s(100) is None
    # The second one: its cold starts, then what is seen with the first warm round.
    pace.invoked("large", warm=False, completed=7, now=40.0)
    assert pace.left_s(100) is None
    pace.invoked("large", warm=True, completed=8, now=44.0)
    pace.invoked("large", warm=True, completed=10, now=44.0)
    assert pace.left_s(100) is None
    # Ten more in five seconds: 80 are left.
    pace.invoked("large", warm=True, completed=20, now=49.0)
    assert pace.left_s(100) == 40.0
    assert pace.left_s(15) == 0.0


def test_a_size_that_is_left_out_is_not_waited_for() -> None:
    pace = BatchPace(["small", "large"])
    pace.invoked("small", warm=True, completed=1, now=1.0)
    pace.dropped("large")
    pace.invoked("small", warm=True, completed=3, now=2.0)
    assert pace.left_s(5) == 1.0
