"""The options of `powertune deploy`: the stack that tunes, and the one that scans on a schedule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from powertune.cli import groups

if TYPE_CHECKING:
    from powertune.engine.deployment.scan_parameters import ScheduledScan


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """The parameters of the stack. One that is not given keeps the value that it has in the stack."""

    function_pattern: Annotated[
        str | None,
        typer.Option(
            help="Names of the functions that may be tuned or be processors, as in IAM: shop-*.  [default: *]",
            show_default=False,
        ),
    ] = None
    function_regions: Annotated[
        str | None,
        typer.Option(help="Regions of these functions, as in IAM: eu-*.  [default: *]", show_default=False),
    ] = None
    function_role_pattern: Annotated[
        str | None,
        typer.Option(
            help="Execution roles that copies of these functions may get, as in IAM, with their path.  [default: *]",
            show_default=False,
        ),
    ] = None
    log_group_pattern: Annotated[
        str | None,
        typer.Option(
            help="Log groups of these functions, as in IAM.  [default: /aws/lambda/PATTERN]", show_default=False
        ),
    ] = None
    payload_bucket: Annotated[str | None, typer.Option(help="Bucket with payloads that may be read.")] = None
    payload_keys: Annotated[
        str | None, typer.Option(help="Keys of the payloads, as in IAM.  [default: *]", show_default=False)
    ] = None
    assumable_role: Annotated[
        str | None, typer.Option(help="ARN of a role in another account, to tune functions there.")
    ] = None
    function_kms_key: Annotated[
        str | None, typer.Option(help="ARN of the KMS key of functions that are encrypted with a key of your own.")
    ] = None
    name_prefix: Annotated[
        str | None,
        typer.Option(
            help="Name of the state machine; the names of its functions begin with it.  [default: powertune]",
            show_default=False,
        ),
    ] = None
    permissions_boundary: Annotated[
        str | None, typer.Option(help="ARN of the permissions boundary of all roles.")
    ] = None
    subnet_ids: Annotated[str | None, typer.Option(help="Subnets to run the steps in, separated by commas.")] = None
    security_group_ids: Annotated[str | None, typer.Option(help="Security groups of the steps in a VPC.")] = None
    kms_key: Annotated[
        str | None, typer.Option(help="ARN of the key that encrypts results, logs and environments.")
    ] = None
    alarm_topic: Annotated[
        str | None, typer.Option(help="ARN of the SNS topic that is told if a function could not be restored.")
    ] = None
    log_retention: Annotated[
        str | None, typer.Option(help="Days after which logs expire.  [default: 30]", show_default=False)
    ] = None
    results_retention: Annotated[
        str | None, typer.Option(help="Days after which results expire.  [default: 365]", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanScheduleOptions:
    """The scan that is made on a schedule. One that is not given keeps the value that it has in the stack."""

    scan_schedule: Annotated[
        str | None,
        typer.Option(help='When to scan: "rate(7 days)", which begins at once, "cron(0 6 ? * MON *)", or off.'),
    ] = None
    scan_timezone: Annotated[
        str | None,
        typer.Option(
            help="Time zone of a schedule that names hours: Europe/Zurich.  [default: UTC]", show_default=False
        ),
    ] = None
    scan_regions: Annotated[
        str | None,
        typer.Option(help="Regions: us-east-1,eu-west-1, or all.  [default: that of the stack]", show_default=False),
    ] = None
    scan_accounts: Annotated[
        str | None,
        typer.Option(
            help='File with accounts, in the format of Cloud Custodian\'s accounts.yml; "" for this one alone.'
        ),
    ] = None
    scan_organization: Annotated[
        bool, typer.Option("--scan-organization", help="Scan all accounts of the organization.")
    ] = False
    scan_role: Annotated[
        str | None,
        typer.Option(
            help="Role to assume in other accounts, by name or ARN.  [default: powertune-scan]", show_default=False
        ),
    ] = None
    scan_external_id: Annotated[str | None, typer.Option(help="External ID that the role asks for.")] = None
    scan_suppressions: Annotated[
        str | None,
        typer.Option(help='Folder with a powertune.toml, whose [[scan.suppress]] apply; "" for none.'),
    ] = None
    scan_days: Annotated[
        str | None, typer.Option(help="Number of days to look back, 1 to 90.  [default: 14]", show_default=False)
    ] = None
    scan_max_spend: Annotated[
        str | None,
        typer.Option(help="Most to spend on Logs Insights in a scan, in USD.  [default: 0.25]", show_default=False),
    ] = None
    scan_parallel: Annotated[
        str | None,
        typer.Option(help="Accounts and regions to scan at one time.  [default: 40]", show_default=False),
    ] = None
    scan_email: Annotated[
        str | None, typer.Option(help="Address that gets a mail after each scan; it has to confirm the first one.")
    ] = None
    scan_topic: Annotated[
        str | None,
        typer.Option(
            help="ARN of the SNS topic for a message after each scan.  [default: one is created]", show_default=False
        ),
    ] = None


def scheduled_scan(options: ScanScheduleOptions) -> "ScheduledScan":
    """What is asked of the scheduled scan.

    Raises:
        UsageError: the accounts file or the configuration file cannot be read.
    """
    from pathlib import Path

    from powertune.aws.regions import known_regions
    from powertune.config.accounts import read_accounts
    from powertune.config.scan_options import load_scan
    from powertune.engine.deployment.scan_parameters import ScheduledScan
    from powertune.errors import UsageError
    from powertune.scan.rule_table import RULES
    from powertune.scan.suppressions import parse_suppressions

    given = {name.removeprefix("scan_"): value for name, value in groups.given(options).items()}
    if (path := given.get("accounts")) is not None:
        given["accounts"] = read_accounts(Path(path), known_regions()) if path else ()
    if (folder := given.get("suppressions")) is not None:
        if folder and not Path(folder).is_dir():
            raise UsageError(
                f"--scan-suppressions {folder!r} is not a folder", hint="name the one with powertune.toml"
            )
        tables = load_scan(Path(folder), {}).suppress if folder else ()
        given["suppressions"] = parse_suppressions(tables, [rule.id for rule in RULES])
    return ScheduledScan(**given)
