"""What the stages of a search say."""

from powertune.search.adaptive.stages import shown_loss


def test_a_loss_beyond_all_figures_is_not_shown_as_one() -> None:
    assert [shown_loss(loss) for loss in (0.05, 1.2, 10.0, 2153.7)] == [
        "5 %",
        "120 %",
        "more than 1,000 %",
        "more than 1,000 %",
    ]
