"""What an account decides about its scheduled scan, as the parameters of the scan's stack."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from zoneinfo import available_timezones

from powertune.aws.roles import SCAN_ROLE, role_arn
from powertune.config import values
from powertune.config.accounts import EXTERNAL_ID, ROLE, ScanAccount
from powertune.config.region_option import parse_regions
from powertune.config.scan_options import MOST_DAYS
from powertune.engine.deployment.artifacts import SCHEDULE_PARAMETER
from powertune.engine.scanning.accounts_document import write_scan_accounts
from powertune.engine.scanning.suppressions_document import write_scan_suppressions
from powertune.errors import UsageError
from powertune.scan.suppressions import Suppression
from powertune.units import did_you_mean, shown

#: What takes the schedule away, and with it the stack.
OFF = "off"
_SCHEDULE = re.compile(
    r"rate\([1-9]\d* (?:minute|hour|day)s?\)|cron\(\S+(?: \S+){5}\)|at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\)",
    re.ASCII,
)
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,50}", re.ASCII)
_EMAIL = re.compile(r"[^\s@,]+@[^\s@,]+")
#: The most bytes that a parameter of CloudFormation takes.
_MOST_ROLES_BYTES = 4_096
#: What the scan's stack takes over from the tuning stack, whose rules are those of the account.
INHERITED = ("KmsKeyArn", "LogRetentionDays", "NamePrefix", "PermissionsBoundary", "SecurityGroupIds", "SubnetIds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledScan:
    """What a person asks for, as text. None keeps what the stack has, or is the template's default.

    `accounts` are those of an accounts file; empty for the own account alone. With them, or with `organization`, all
    that is about other accounts is set anew: the role and the external id as well. `suppressions` may be empty, too.
    """

    schedule: str | None = None
    timezone: str | None = None
    regions: str | None = None
    accounts: tuple[ScanAccount, ...] | None = None
    organization: bool = False
    role: str | None = None
    external_id: str | None = None
    suppressions: tuple[Suppression, ...] | None = None
    days: str | None = None
    max_spend: str | None = None
    parallel: str | None = None
    email: str | None = None
    topic: str | None = None

    @property
    def off(self) -> bool:
        """Whether the schedule is to be taken away."""
        return self.schedule == OFF

    @property
    def given(self) -> tuple[str, ...]:
        """The names of what was asked for, as those of the options: `--scan-days`."""
        return tuple(
            f"--scan-{f.name.replace('_', '-')}" for f in fields(self) if getattr(self, f.name) not in (None, False)
        )

    def role_arns(self, partition: str) -> tuple[str, ...]:
        """The ARNs of all roles that are assumed, with * for accounts: one that is named is in all of them."""
        usual, named = self.role or SCAN_ROLE, self.accounts or ()
        roles = {role for account in named for role in (account.roles or (usual,))}
        roles |= {usual} if self.organization else set()
        return tuple(sorted({role_arn(role, "*", partition) for role in roles}))

    def check(self) -> None:
        """Find out what AWS would refuse, before anything is built.

        Raises:
            UsageError: a value is not what its parameter takes, or two do not go together.
        """
        if self.off:
            if self.given != ("--scan-schedule",):
                raise UsageError(
                    f"--scan-schedule off and {self.given[1]} do not go together", hint="leave one of them out"
                )
            return
        _check("--scan-schedule", self.schedule, _SCHEDULE, "rate(7 days), or cron(0 6 ? * MON *), or off")
        _check("--scan-timezone", self.timezone, _ZONE, "for example Europe/Zurich")
        self._check_time()
        if self.regions:
            parse_regions("--scan-regions", self.regions)
        self._check_accounts()
        if self.days is not None:
            values.whole(1, MOST_DAYS)("scan_days", self.days)
        if self.parallel is not None:
            values.whole(1, 10_000)("scan_parallel", self.parallel)
        if self.max_spend is not None:
            values.amount("scan_max_spend", self.max_spend)
        if self.email and self.topic:
            raise UsageError(
                "--scan-email subscribes to a topic that powertune makes, and --scan-topic names one of yours",
                hint="subscribe to yours: aws sns subscribe",
            )
        if self.email:
            _check("--scan-email", self.email, _EMAIL, "for example team@example.com")
        if self.topic and self.topic.split(":")[2:3] != ["sns"]:
            raise UsageError(f"--scan-topic {shown(self.topic)} is not an ARN of SNS", hint="arn:aws:sns:...")

    def _check_time(self) -> None:
        """AWS refuses a zone that there is not, and a cron expression that says a day in both of its ways."""
        zones = available_timezones()
        if self.timezone and zones and self.timezone not in zones:
            hint = did_you_mean(self.timezone, sorted(zones), "for example Europe/Zurich")
            raise UsageError(f"--scan-timezone {shown(self.timezone)} is not a time zone", hint=hint)
        if self.schedule and self.schedule.startswith("cron("):
            _, _, day, _, weekday, _ = self.schedule.removeprefix("cron(").removesuffix(")").split(" ")
            if (day == "?") == (weekday == "?"):
                raise UsageError(
                    f"--scan-schedule {shown(self.schedule)} is not valid",
                    hint="either the day of the month or the day of the week is ?: cron(0 6 ? * MON *)",
                )

    def _check_accounts(self) -> None:
        if self.accounts and self.organization:
            raise UsageError("scan either --scan-organization or --scan-accounts", hint="leave one of them out")
        if (self.role or self.external_id) and not (self.accounts or self.organization):
            raise UsageError(
                "--scan-role and --scan-external-id are about other accounts",
                hint="add --scan-organization, or --scan-accounts FILE",
            )
        _check("--scan-role", self.role, ROLE, f"the name or ARN of a role, for example {SCAN_ROLE}")
        if self.role is not None and self.role.startswith("arn:") and self.organization:
            raise UsageError(
                f"--scan-role {shown(self.role)} is a role of one account",
                hint="give its name, which is the same in all accounts",
            )
        if self.external_id is not None and not EXTERNAL_ID.fullmatch(self.external_id):
            raise UsageError("--scan-external-id is not an external ID", hint="as the role asks for it")
        roles = self.role_arns("aws-us-gov")
        if len(",".join(roles)) > _MOST_ROLES_BYTES:
            raise UsageError(
                f"the accounts name {len(roles):,} roles, more than a stack can be given",
                hint="name roles, not ARNs: the same name in all accounts is one role here",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStackParameters:
    """The parameters of the scan's stack. `inherited` and `results_bucket` are what the tuning stack has.

    `accounts_key` and `suppressions_key` are where these are kept, if there are any; `partition` is that of roles.
    """

    wanted: ScheduledScan
    partition: str
    results_bucket: str
    inherited: Mapping[str, str]
    accounts_key: str | None = None
    suppressions_key: str | None = None

    def check_beside(self, stack: Mapping[str, str]) -> None:
        """Nothing is without effect, whatever the stack has."""

    @property
    def template_names(self) -> dict[str, str | None]:
        """The values by the names that the template has for them."""
        wanted = self.wanted
        return {
            SCHEDULE_PARAMETER: wanted.schedule,
            "ScheduleTimezone": wanted.timezone,
            "Regions": wanted.regions,
            "Days": wanted.days,
            "MaxSpend": wanted.max_spend,
            "MaxConcurrency": wanted.parallel,
            "Email": "" if wanted.topic and wanted.email is None else wanted.email,
            "TopicArn": "" if wanted.email and wanted.topic is None else wanted.topic,
            "SuppressionsKey": None if wanted.suppressions is None else self.suppressions_key or "",
            "ResultsBucket": self.results_bucket,
            **self._elsewhere,
            **{name: self.inherited.get(name) for name in INHERITED},
        }

    @property
    def _elsewhere(self) -> dict[str, str | None]:
        """What is about other accounts: all of it, or nothing."""
        wanted = self.wanted
        if wanted.accounts is None and not wanted.organization:
            return dict.fromkeys(("Organization", "AccountsKey", "RoleName", "ExternalId", "AssumableRoles"))
        return {
            "Organization": "true" if wanted.organization else "false",
            "AccountsKey": self.accounts_key or "",
            "RoleName": wanted.role or SCAN_ROLE,
            "ExternalId": wanted.external_id or "",
            "AssumableRoles": ",".join(wanted.role_arns(self.partition)),
        }


def _check(option: str, value: str | None, pattern: re.Pattern[str], hint: str) -> None:
    if value is not None and pattern.fullmatch(value) is None:
        raise UsageError(f"{option} {shown(value)} is not valid", hint=hint)


def scan_documents(wanted: ScheduledScan) -> Mapping[str, bytes]:
    """What is uploaded beside code and definition, by the word that its key begins with."""
    found = {}
    if wanted.accounts:
        found["accounts"] = write_scan_accounts(wanted.accounts)
    if wanted.suppressions:
        found["suppressions"] = write_scan_suppressions(wanted.suppressions)
    return found
