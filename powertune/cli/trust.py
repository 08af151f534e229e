"""What a configuration file has set: shown before it takes effect; agreed to where it leads to another account."""

from powertune.cli.console import confirmed
from powertune.config.from_file import IMAGES, PROCESSORS, Foreign, FromFile
from powertune.config.values import dashed
from powertune.errors import UsageError
from powertune.units import printable

#: How much of an ordinary value to show; what reads or runs something is shown whole.
_WIDTH = 40
_WHOLE = {
    "pre_processor": "is invoked with each payload, and makes the event",
    "post_processor": "is invoked with each answer",
    "image_uri_arm64": "runs with the function's role",
    "image_uri_x86_64": "runs with the function's role",
    "payload": "is sent as the event",
    "prices": "is the price file",
}


def settings_lines(found: FromFile | None) -> list[str]:
    """What the file sets, as lines of a plan."""
    if found is None:
        return []
    plain = [f"{dashed(key)} = {_short(value)}" for key, value in found.settings if key not in _WHOLE]
    owners = {item.key: _owner(item) for item in found.foreign}
    lines = [f"  settings     {printable(str(found.file))} sets {', '.join(plain) or 'what follows'}"]
    for key, value in found.settings:
        if key in _WHOLE:
            names = key in (*PROCESSORS, *IMAGES, "prices") or value.startswith(("@", "s3://"))
            shown = printable(value) if names else _short(value)
            whose = f"; it is {owners[key]}" if key in owners else ""
            lines.append(f"               {dashed(key)} {shown} {_WHOLE[key]}{whose}")
    return lines


def trusted(found: FromFile | None, *, ask: bool) -> bool:
    """Whether the person agrees to each setting of a file that leads to another account.

    Args:
        ask: somebody is there who can be asked, and has not said yes to everything beforehand.

    Raises:
        UsageError: nobody can be asked.
    """
    if found is None or not found.foreign:
        return True
    if not ask:
        first = found.foreign[0]
        raise UsageError(
            f"{found.file} sets {dashed(first.key)} {printable(first.value)}, which is {_owner(first)}",
            hint=f"if you trust it, say so yourself: --{dashed(first.key)} {printable(first.value)}",
        )
    return all(
        confirmed(
            f"{found.file} sets {dashed(item.key)} {printable(item.value)}, which is {_owner(item)} and "
            f"{_WHOLE[item.key]}. Use it?"
        )
        for item in found.foreign
    )


def _owner(item: Foreign) -> str:
    return "not known to be of your account" if item.account is None else f"of another account, {item.account}"


def _short(value: str) -> str:
    text = printable(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
