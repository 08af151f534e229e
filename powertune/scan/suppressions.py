"""Findings that somebody has decided to live with: [[scan.suppress]] in the configuration file says why."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from powertune.config.toml import refuse_unknown
from powertune.errors import UsageError
from powertune.scan.finding import Finding
from powertune.scan.scan import SuppressedFinding
from powertune.units import did_you_mean, printable, shown

EVERY = "*"
_USUAL_GROUP = "/aws/lambda/"
_KEYS = ("rule", "function", "account", "region", "reason", "until")
_REQUIRED = ("rule", "function", "reason")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Which findings not to show, why, and until which day, that day included; None for ever.

    `rule` is an id, or `*`. `function` is a pattern, with `*` and `?`, of a name, an ARN, or the name of a log group.
    `account` and `region` are None for all.
    """

    rule: str
    function: str
    reason: str
    account: str | None = None
    region: str | None = None
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding, on any day."""
        return (
            self.rule in (EVERY, finding.rule)
            and self.account in (None, finding.place.account_id)
            and self.region in (None, finding.place.region)
            and any(fnmatchcase(text, self.function) for text in _called(finding))
        )

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


def _called(finding: Finding) -> tuple[str, ...]:
    """What a pattern may call the subject of a finding: the usual log group of a function also by the function."""
    return finding.name, finding.subject, finding.name.removeprefix(_USUAL_GROUP)


def parse_suppressions(tables: Sequence[Mapping[str, Any]], rules: Sequence[str]) -> tuple[Suppression, ...]:
    """The suppressions of a configuration file, in order.

    Args:
        tables: the tables [[scan.suppress]] as TOML has them.
        rules: the ids of all rules.

    Raises:
        UsageError: an unknown key or rule, a key that is missing, or a value that is not what its key takes.
    """
    return tuple(_parse(table, f"[[scan.suppress]] number {number}", rules) for number, table in enumerate(tables, 1))


def split_findings(
    findings: Iterable[Finding], suppressions: Sequence[Suppression], today: date
) -> tuple[tuple[Finding, ...], tuple[SuppressedFinding, ...]]:
    """The findings to show, and the others, each with the reason of the first suppression about it; in order."""
    active = [each for each in suppressions if not each.expired(today)]
    kept: list[Finding] = []
    suppressed: list[SuppressedFinding] = []
    for finding in findings:
        by = next((each for each in active if each.covers(finding)), None)
        if by is None:
            kept.append(finding)
        else:
            until = None if by.until is None else by.until.isoformat()
            suppressed.append(SuppressedFinding(finding=finding, reason=by.reason, until=until))
    return tuple(kept), tuple(suppressed)


def unused_messages(
    suppressions: Iterable[Suppression], suppressed: Iterable[SuppressedFinding], today: date
) -> tuple[str, ...]:
    """A message about each suppression that holds and hides nothing: it may be misspelled, or not needed any more."""
    hidden = [each.finding for each in suppressed]
    return tuple(
        f"the suppression of {each.rule} for {each.function} hides nothing"
        for each in suppressions
        if not each.expired(today) and not any(map(each.covers, hidden))
    )


def expiry_messages(suppressions: Iterable[Suppression], today: date) -> tuple[str, ...]:
    """A message about each suppression that has expired, so that its findings are shown again."""
    return tuple(
        f"the suppression of {each.rule} for {each.function} expired on {each.until}: {each.reason}"
        for each in suppressions
        if each.expired(today)
    )


def _parse(table: Mapping[str, Any], where: str, rules: Sequence[str]) -> Suppression:
    refuse_unknown(table, _KEYS, where)
    for name in _REQUIRED:
        if name not in table:
            raise UsageError(f"{where} has no {name}", hint=_hint(name))
    rule = _text(table, "rule", where)
    if rule not in (EVERY, *rules):
        raise UsageError(f"{where}: unknown rule {shown(rule)}", hint=did_you_mean(rule, (*rules, EVERY)))
    account = _text(table, "account", where) if "account" in table else None
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise UsageError(f"{where}: account {shown(account)} is not an account id", hint=_hint("account"))
    return Suppression(
        rule=rule,
        function=_text(table, "function", where),
        reason=_text(table, "reason", where),
        account=account,
        region=_text(table, "region", where) if "region" in table else None,
        until=_day(table["until"], where) if "until" in table else None,
    )


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table[name]
    if not isinstance(value, str) or not value.strip() or printable(value) != value:
        raise UsageError(f"{where}: {name} {shown(value)} is not a text on one line", hint=_hint(name))
    return value.strip()


def _day(value: object, where: str) -> date:
    """A day, as TOML writes one or as a text; a time of day is refused, because it would be lost."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise UsageError(f"{where}: until {shown(value)} is not a day", hint=_hint("until"))


def _hint(name: str) -> str:
    return {
        "rule": 'write the id of a rule, or "*" for all of them',
        "function": 'write a name, an ARN or a log group, or a pattern such as "staging-*"',
        "reason": "say why, for those who read the file next year",
        "account": 'write its twelve digits as a text, such as "123456789012"',
        "region": 'write a region, such as "eu-west-1"',
        "until": "write the last day as YYYY-MM-DD, such as until = 2027-03-31",
    }[name]
