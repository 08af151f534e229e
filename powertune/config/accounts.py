"""The accounts that a scan goes through, from a file in the format of Cloud Custodian (c7n-org): accounts.yml.

The file is read as text: to YAML, the account 012345670123 without quotes is an octal number, and its zero is lost.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from powertune.config.region_option import parse_regions
from powertune.errors import UsageError
from powertune.units import did_you_mean, shown

if TYPE_CHECKING:
    from yaml import Node

#: Far more than thousands of accounts take.
_MOST_BYTES = 10_000_000
#: How many roles may be assumed one after another to get to an account.
_MOST_ROLES = 5
_KEYS = ("account_id", "display_name", "email", "external_id", "name", "org_id", "regions", "role", "tags", "vars")
_TOP = ("accounts", "vars")
#: What c7n-org has besides accounts of AWS.
_OTHER_CLOUDS = ("projects", "subscriptions", "tenancies")
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
#: The ARN of a role, or its name, which may be behind its path: `security/scanner`.
ROLE = re.compile(r"(?:arn:[a-z-]+:iam::\d{12}:role/)?(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
#: STS's own pattern.
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAccount:
    """An account to scan, and how to get into it. `name` is empty where it is not known.

    `regions` are those to scan, or `ALL_REGIONS`; None leaves them to the scan. `roles` are ARNs or names of roles
    that are assumed one after another, the last one in this account; empty leaves the role to the scan. Each is
    assumed with `external_id`, if there is one.
    """

    account_id: str
    name: str = ""
    regions: tuple[str, ...] | None = None
    roles: tuple[str, ...] = ()
    external_id: str | None = None


def read_accounts(path: Path, known_regions: Collection[str] = ()) -> tuple[ScanAccount, ...]:
    """The accounts of a file, in its order.

    Args:
        path: where it is.
        known_regions: all regions that there are; without any, each name that looks like a region is taken.

    Raises:
        UsageError: there is no such file, it is no YAML, or not what it should be; with its name and the line.
    """
    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise UsageError(f"{path}: {len(data):,} bytes are too many", hint=f"at most {_MOST_BYTES:,}")
        text = data.decode()
    except FileNotFoundError:
        raise UsageError(f"no accounts file {str(path)!r}", hint="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"accounts file {str(path)!r}: {error}", hint="name a readable file of text") from None
    return parse_accounts(text, str(path), known_regions)


def parse_accounts(text: str, source: str, known_regions: Collection[str] = ()) -> tuple[ScanAccount, ...]:
    """The accounts of a file's text, in its order.

    Args:
        text: YAML, or JSON.
        source: what the file is called, for messages.
        known_regions: all regions that there are; without any, each name that looks like a region is taken.

    Raises:
        UsageError: it is no YAML, or not what it should be; with the line.
    """
    return _AccountsFile(source, known_regions).accounts(text)


class _AccountsFile:
    """One file: what its nodes mean. Each error names the line that is wrong."""

    def __init__(self, source: str, known_regions: Collection[str]) -> None:
        self._source = source
        self._regions = known_regions

    def accounts(self, text: str) -> tuple[ScanAccount, ...]:
        root = self._compose(text)
        if root is None:
            raise UsageError(f"{self._source} is empty", hint=_EXAMPLE)
        top = self._mapping(root, "the file")
        for key, (at, _) in top.items():
            if key in _OTHER_CLOUDS:
                self._refuse(at, f"{key!r} are not AWS accounts", "list accounts of AWS below `accounts:`")
            if key not in _TOP:
                self._refuse(at, f"unknown key {shown(key)}", did_you_mean(key, _TOP))
        if "accounts" not in top:
            self._refuse(root, "'accounts' is missing", _EXAMPLE)
        nodes = self._items(top["accounts"][1], "accounts")
        if not nodes:
            self._refuse(top["accounts"][0], "'accounts' is empty", _EXAMPLE)
        found: dict[str, int] = {}
        accounts = []
        for node in nodes:
            account = self._account(node)
            if account.account_id in found:
                line = found[account.account_id]
                self._refuse(node, f"account {account.account_id} is on line {line} already", "list it once")
            found[account.account_id] = _line(node)
            accounts.append(account)
        return tuple(accounts)

    def _compose(self, text: str) -> "Node | None":
        import yaml

        # With libyaml, thousands of accounts are read in a fraction of a second. Neither loader makes objects here.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return yaml.compose(text, Loader=loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
            raise UsageError(f"{self._source}{where} is not YAML: {problem}", hint=_EXAMPLE) from None
        except RecursionError:
            raise UsageError(f"{self._source} is nested too deeply", hint=_EXAMPLE) from None

    def _account(self, node: "Node") -> ScanAccount:
        entry = self._mapping(node, "an account")
        for key, (at, _) in entry.items():
            if key == "profile":
                self._refuse(at, "an account cannot be reached by a profile", "write the `role` to assume instead")
            if key not in _KEYS:
                self._refuse(at, f"unknown key {shown(key)}", did_you_mean(key, _KEYS))
        if "account_id" not in entry:
            self._refuse(node, "'account_id' is missing", 'write account_id: "123456789012"')
        values = {key: value for key, (_, value) in entry.items()}
        return ScanAccount(
            account_id=self._account_id(values["account_id"]),
            name=self._name(values["name"]) if "name" in values else "",
            regions=self._account_regions(values["regions"]) if "regions" in values else None,
            roles=self._roles(values["role"]) if "role" in values else (),
            external_id=self._external_id(values["external_id"]) if "external_id" in values else None,
        )

    def _account_id(self, node: "Node") -> str:
        text = self._text(node, "account_id")
        if not _ACCOUNT_ID.fullmatch(text):
            short = text.isascii() and text.isdigit() and len(text) < 12
            hint = "leading zeros may be lost; put the id in quotes" if short else 'for example "123456789012"'
            self._refuse(node, f"account_id {shown(text)} does not have 12 digits", hint)
        return text

    def _name(self, node: "Node") -> str:
        name = self._text(node, "name")
        if not name.isprintable():
            self._refuse(node, f"name {shown(name)} holds control characters", "write it without them")
        return name

    def _account_regions(self, node: "Node") -> tuple[str, ...] | None:
        """None for an empty list, which leaves the regions to the scan, as in c7n-org."""
        nodes = self._items(node, "regions")
        try:
            return (
                parse_regions("regions", [self._text(n, "a region") for n in nodes], self._regions) if nodes else None
            )
        except UsageError as error:
            self._refuse(node, error.message, error.hint or "")

    def _roles(self, node: "Node") -> tuple[str, ...]:
        nodes = self._items(node, "role") if _is(node, "sequence") else [node]
        if not 0 < len(nodes) <= _MOST_ROLES:
            self._refuse(node, f"{len(nodes)} roles", f"name one to {_MOST_ROLES}, in the order to assume them in")
        roles = tuple(self._text(each, "role") for each in nodes)
        for each, role in zip(nodes, roles, strict=True):
            if not ROLE.fullmatch(role):
                hint = "for example arn:aws:iam::123456789012:role/powertune-scan, or powertune-scan"
                self._refuse(each, f"role {shown(role)} is neither an ARN nor a name", hint)
        return roles

    def _external_id(self, node: "Node") -> str:
        external_id = self._text(node, "external_id")
        if not EXTERNAL_ID.fullmatch(external_id):
            # It is a kind of password: a message does not repeat it.
            self._refuse(node, "external_id is not one", "2 to 1,224 letters, digits and any of +=,.@:/-_")
        return external_id

    def _mapping(self, node: "Node", what: str) -> "dict[str, tuple[Node, Node]]":
        """By key, the nodes of the key and of its value; a merged mapping (`<<`) gives what is not there itself."""
        found: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in self._pairs(node, what):
            if key.tag == "tag:yaml.org,2002:merge":
                for each in self._items(value, "<<") if _is(value, "sequence") else [value]:
                    for inner, its_value in self._pairs(each, "what is merged"):
                        if inner.tag == key.tag:
                            self._refuse(inner, "a mapping that is merged merges another", "write it out")
                        merged.setdefault(self._text(inner, "a key"), (inner, its_value))
                continue
            name = self._text(key, "a key")
            if name in found:
                self._refuse(key, f"{shown(name)} occurs twice", "write it once")
            found[name] = (key, value)
        return {**merged, **found}

    def _pairs(self, node: "Node", what: str) -> "Iterator[tuple[Node, Node]]":
        if not _is(node, "mapping"):
            self._refuse(node, f"{what} is not a mapping", _EXAMPLE)
        yield from node.value

    def _items(self, node: "Node", what: str) -> "list[Node]":
        if not _is(node, "sequence"):
            self._refuse(node, f"{what} is not a list", _EXAMPLE)
        return list(node.value)

    def _text(self, node: "Node", what: str) -> str:
        """A scalar as it is written, whatever YAML takes it for."""
        if not _is(node, "scalar") or not node.value:
            self._refuse(node, f"{what} is not text", "write it in quotes")
        return str(node.value)

    def _refuse(self, node: "Node", problem: str, hint: str) -> NoReturn:
        raise UsageError(f"{self._source}, line {_line(node)}: {problem}", hint=hint)


_EXAMPLE = 'for example accounts: [{account_id: "123456789012", name: orders, role: powertune-scan}]'


def _is(node: Any, kind: str) -> bool:
    return bool(node.id == kind)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
