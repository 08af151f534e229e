"""What production takes of a function and its account, which a run must leave to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What preflight found out about everybody else's use of a function.

    `latest_used_by` names who invokes $LATEST, or may at any moment, in words: empty where nobody was found.
    `unanswered` are the questions about that which AWS did not answer, and why. `invocations_unknown` says that the
    one question which covers every caller is among them.

    `function_peak` and `unreserved_peak` are the most concurrent invocations of two weeks, of the function and of all
    that has no reserved concurrency; None where they are not known.

    `code_size_bytes` is what one more version adds to the account's code storage, `code_free_bytes` what is left of
    that; None where it is not known.
    """

    latest_used_by: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    invocations_unknown: bool = False
    function_peak: int | None = 0
    unreserved_peak: int | None = 0
    code_size_bytes: int = 0
    code_free_bytes: int | None = None
