"""What code says a function is called on AWS: a name, several, a pattern, or a name that CloudFormation generates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

#: What CloudFormation puts at the end of a name that it generates: 13 characters once, 12 nowadays.
_SUFFIX = re.compile(r"[A-Za-z0-9]{12,13}", re.ASCII)
#: It cuts stack name and logical id to about this, so that the whole stays within Lambda's 64.
_CUT = 20
_CUT_NAME = 62


class Agreement(IntEnum):
    """How well a name fits what the code says."""

    NO = 0
    UNKNOWN = 1
    PATTERN = 2
    EXACT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What is known of the name of a function.

    `exactly` are all names that it may have; `pattern` is a regular expression for the whole name; `generated` is one
    for the logical id in a name that CloudFormation generates. Without any of these, the name is not known. `written`
    is the code, for messages.
    """

    exactly: tuple[str, ...] = ()
    pattern: str | None = None
    generated: str | None = None
    written: str = ""

    def agrees(self, name: str) -> Agreement:
        """Whether a function of this name can be the one."""
        if self.exactly:
            return Agreement.EXACT if name in self.exactly else Agreement.NO
        if self.pattern is not None:
            return Agreement.PATTERN if re.fullmatch(self.pattern, name, re.ASCII) else Agreement.NO
        if self.generated is not None:
            return Agreement.PATTERN if self._generates(name) else Agreement.NO
        return Agreement.UNKNOWN

    def _generates(self, name: str) -> bool:
        """`<stack>-<logical id>-<suffix>`, where no logical id holds a hyphen."""
        stack, logical_id, suffix = ("", "", *name.rsplit("-", 2))[-3:]
        if not stack or not _SUFFIX.fullmatch(suffix) or self.generated is None:
            return False
        if re.fullmatch(self.generated, logical_id, re.ASCII):
            return True
        whole = re.sub(r"[^A-Za-z0-9].*", "", self.generated)
        return len(name) >= _CUT_NAME and len(logical_id) >= _CUT and whole.startswith(logical_id)


#: What stands in the place of what is not known before it is deployed.
STACK = r"[A-Za-z][A-Za-z0-9-]*"
#: A stage may hold hyphens. Then shop-dev-admin-api could be api at stage dev-admin as well as admin-api at dev.
STAGE = r"[A-Za-z0-9]+"
REGION = r"[a-z]{2}(?:-[a-z]{2,9}){1,2}-\d"
ACCOUNT = r"\d{12}"
PARTITION = r"aws(?:-cn|-us-gov|-eusc|-iso(?:-[bef])?)?"
#: More than two of them in one name would take long to match, and say little.
_MOST_UNKNOWN = 2
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a name: all that it may be, or a pattern."""

    choices: tuple[str, ...] = ()
    pattern: str | None = None


def put_together(parts: Sequence[Part | None], written: str) -> Called:
    """What parts say together. A part that is None is not known, and then neither is the whole."""
    known = [part for part in parts if part is not None and (part.choices or part.pattern)]
    if len(known) < len(parts) or not known:
        return Called(written=written)
    unknown = [part for part in known if part.pattern]
    if not unknown:
        names = [""]
        for part in known:
            names = [name + choice for name in names for choice in part.choices][: _MOST_NAMES + 1]
        return Called(written=written) if len(names) > _MOST_NAMES else Called(exactly=tuple(names), written=written)
    # Without a word of its own, a pattern would match any function.
    says = any(any(char.isalnum() for char in choice) for part in known for choice in part.choices)
    if len(unknown) > _MOST_UNKNOWN or not says:
        return Called(written=written)
    return Called(pattern="".join(map(_expression, known)), written=written)


def _expression(part: Part) -> str:
    return part.pattern or f"(?:{'|'.join(re.escape(choice) for choice in part.choices)})"
