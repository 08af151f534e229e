"""What resources are called: names that no two functions share, whatever letters theirs are made of."""

import hashlib
import re

from powertune.watch.model import WatchedFunction

_DIGITS = 8
#: An alarm's name has at most 255 letters (PutMetricAlarm): a stack's name, of at most 128, a label and a word.
_LONGEST_LABEL = 100


def logical_id(function: WatchedFunction, word: str) -> str:
    """The logical id of a function's resource, such as `MyFnProd0a1b2c3dErrors`.

    It may hold letters and digits only, so that `my-fn` and `my_fn` would share one: the digest tells them apart, and
    does not depend on which other functions there are.
    """
    words = re.findall(r"[A-Za-z0-9]+", function.label)
    camel = "".join(each[:1].upper() + each[1:] for each in words)
    return f"{camel}{_digest(function.label)}{word}"


def alarm_name(function: WatchedFunction, word: str) -> str:
    """The name of a function's alarm after that of the stack, such as `my-fn.prod-errors`.

    A dot is in no name of a function, alias or stack, so that different alarms have different names.
    """
    label = function.label.replace(":", ".")
    if len(label) > _LONGEST_LABEL:
        label = f"{label[: _LONGEST_LABEL - _DIGITS - 1]}.{_digest(label)}"
    return f"{label}-{word}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
