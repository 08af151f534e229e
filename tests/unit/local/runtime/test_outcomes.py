"""Lambda's words for how a runtime ended."""

from powertune.local.runtime.outcomes import describe_exit


def test_words_for_exits() -> None:
    assert describe_exit(0) == "Runtime exited without providing a reason"
    assert describe_exit(2).endswith("exit status 2")
    assert describe_exit(-9).endswith("signal: killed")
    assert describe_exit(-11).endswith("signal: segmentation fault")
    assert describe_exit(-15).endswith("signal: terminated")
