"""When a scan fails a build, because of what it has found: the conditions of --fail-on."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from powertune.errors import UsageError
from powertune.scan.finding import Finding, Severity
from powertune.units import did_you_mean, format_usd, plural, shown

EVERY = "*"
_HINT = 'write a condition such as "savings>100usd/month", "idle-function:low" or "*:high"'
#: What a condition about savings consists of, and what to call each part. Spaces between them are ignored.
_SAVINGS = "savings"
_PARTS = (
    (re.compile(r">"), "'>'"),
    (re.compile(r"\d{1,15}(?:\.\d{1,9})?(?![\d.])", re.ASCII), "an amount"),
    (re.compile(r"[a-z]{3}(?![a-z])", re.ASCII | re.IGNORECASE), "a currency such as 'usd'"),
    (re.compile(r"/"), "'/'"),
    (re.compile(r"month(?!\w)", re.ASCII | re.IGNORECASE), "'month'"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsAbove:
    """What all findings together would save in 30 days is more than this, in one currency."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsAt:
    """A rule, or any if it is `*`, has a finding of at least this severity."""

    rule: str
    severity: Severity

    def met_by(self, finding: Finding) -> bool:
        """Whether this finding is one."""
        return self.rule in (EVERY, finding.rule) and finding.severity.rank >= self.severity.rank


FailCondition = SavingsAbove | FindingsAt


def parse_fail_on(text: str, rules: Sequence[str]) -> FailCondition:
    """A condition: `savings>100usd/month`, `idle-function:low` or `*:high`.

    Args:
        rules: the ids of all rules.

    Raises:
        UsageError: it is none of these; the message says at which character.
    """
    if text.lstrip().startswith(_SAVINGS) and ":" not in text:
        return _savings(text)
    rule, colon, severity = text.partition(":")
    if not colon:
        raise _error(text, len(text), "':' and a severity")
    if rule.strip() not in (EVERY, *rules):
        at = len(rule) - len(rule.lstrip())
        raise _error(text, at, "the id of a rule, or '*'", did_you_mean(rule.strip(), (*rules, EVERY)))
    names = [each.value for each in Severity]
    if severity.strip() not in names:
        at = len(rule) + 1 + len(severity) - len(severity.lstrip())
        raise _error(text, at, "a severity", did_you_mean(severity.strip(), names))
    return FindingsAt(rule=rule.strip(), severity=Severity(severity.strip()))


def check_currencies(conditions: Sequence[FailCondition], currencies: Collection[str]) -> None:
    """See that what a condition limits is in a currency of the scan: no amount in another one could ever fail it.

    Raises:
        UsageError: it is not.
    """
    for condition in conditions:
        if isinstance(condition, SavingsAbove) and condition.currency not in currencies:
            known = " and ".join(sorted(currencies)) or "no currency"
            raise UsageError(
                f"--fail-on names {condition.currency}, and the scan has amounts in {known}", hint=f"write {known}"
            )


def failed(
    conditions: Sequence[FailCondition], findings: Sequence[Finding], savings: Mapping[str, float]
) -> tuple[str, ...]:
    """Why a scan fails: a reason for each condition that is met, in order; empty if it does not.

    Args:
        findings: those that are not suppressed.
        savings: what all of them would save in 30 days, by currency.
    """
    reasons = (_reason(each, findings, savings) for each in conditions)
    return tuple(reason for reason in reasons if reason)


def _reason(condition: FailCondition, findings: Sequence[Finding], savings: Mapping[str, float]) -> str:
    if isinstance(condition, SavingsAbove):
        saving = savings.get(condition.currency, 0.0)
        if saving <= condition.amount:
            return ""
        limit = format_usd(condition.amount, condition.currency)
        return f"{format_usd(saving, condition.currency)} a month could be saved, more than {limit}"
    count = sum(map(condition.met_by, findings))
    if not count:
        return ""
    of = "" if condition.rule == EVERY else f" of {condition.rule}"
    above = "" if condition.severity is Severity.HIGH else " or above"
    return f"{plural(count, 'finding')}{of} with severity {condition.severity}{above}"


def _savings(text: str) -> SavingsAbove:
    position = text.index(_SAVINGS) + len(_SAVINGS)
    found = []
    for pattern, what in _PARTS:
        position += len(text[position:]) - len(text[position:].lstrip())
        match = pattern.match(text, position)
        if match is None:
            raise _error(text, position, what)
        found.append(match[0])
        position = match.end()
    if text[position:].strip():
        raise _error(text, position, "nothing more")
    return SavingsAbove(amount=float(found[1]), currency=found[2].upper())


def _error(text: str, at: int, expected: str, hint: str = _HINT) -> UsageError:
    return UsageError(f"--fail-on {shown(text)}: expected {expected} at character {at + 1}", hint=hint)
