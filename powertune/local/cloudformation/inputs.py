"""Makes of a request what a stack is to be: template, parameters, tags, capabilities."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from botocore.exceptions import ClientError

from powertune.local.cloudformation import transforms
from powertune.local.cloudformation.faults import Refused, invalid
from powertune.local.cloudformation.parameters import collect
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Input, Place
from powertune.local.cloudformation.template import Template

Asked = Mapping[str, Any]

_BODY_MAX_BYTES = 51_200
"""A longer template has to come from S3."""

_EXPAND = "CAPABILITY_AUTO_EXPAND"
_COVERS = {
    "CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"},
    "CAPABILITY_NAMED_IAM": {"CAPABILITY_NAMED_IAM"},
}
_UNKNOWN_TO_ALL = ("RollbackConfiguration", "StackPolicyBody", "StackPolicyURL", "ResourcesToImport")
_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-][^/]*")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Reads requests for a place."""

    services: Services
    place: Place

    def read(self, asked: Asked, before: Input | None) -> Input:
        """What a request asks for; `before` is what the stack is. Transforms are not run yet.

        Raises:
            Refused: the template or a parameter is not valid.
        """
        for name in _UNKNOWN_TO_ALL:
            if asked.get(name):
                raise invalid(f"The embedded AWS does not support {name}")
        text = self.text(asked, before)
        template = before.template if text is None and before else Template.parse(text or "")
        if template.processed:
            template = Template.parse(template.text)
        given = {tag["Key"]: tag["Value"] for tag in asked.get("Tags") or ()}
        role = asked.get("RoleARN") or (before.role_arn if before else None)
        return Input(
            template=template,
            parameters=collect(template.section("Parameters"), _values(asked, before), self._ssm),
            tags=given or (before.tags if before else {}),
            capabilities=tuple(asked.get("Capabilities") or ()),
            notification_arns=tuple(asked.get("NotificationARNs") or (before.notification_arns if before else ())),
            role_arn=role,
        )

    def expand(self, wanted: Input) -> Input:
        """The same after the transforms, checked.

        Raises:
            Refused: a transform fails, the template is not valid, or needs more capabilities.
        """
        region = self.place.region
        template = transforms.processed(wanted.template, wanted.parameters, region, self._managed_policies)
        template.check()
        needed, _ = template.capabilities()
        if missing := [each for each in needed if not _COVERS[each].intersection(wanted.capabilities)]:
            raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")
        return replace(wanted, template=template)

    def text(self, asked: Asked, before: Input | None) -> str | None:
        """The text of the template; None if the one that the stack has is to be used.

        Raises:
            Refused: there is none, or more than one, or the URL names none.
        """
        given = [name for name in ("TemplateBody", "TemplateURL") if asked.get(name)]
        if asked.get("UsePreviousTemplate"):
            if given:
                raise invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
            if before is None:
                raise invalid("UsePreviousTemplate cannot be used for a stack that does not exist")
            return None
        if len(given) != 1:
            raise invalid("Either Template URL or Template Body must be specified.")
        if given == ["TemplateURL"]:
            return self._fetch(asked["TemplateURL"])
        if len(asked["TemplateBody"].encode()) > _BODY_MAX_BYTES:
            raise invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
                f"length less than or equal to {_BODY_MAX_BYTES}"
            )
        return str(asked["TemplateBody"])

    def _fetch(self, url: str) -> str:
        parts = urlparse(url)
        path = unquote(parts.path).lstrip("/")
        match = _HOST.fullmatch(parts.hostname or "")
        bucket, key = (match["bucket"], path) if match else ([*path.split("/", 1), ""])[:2]
        if not bucket or not key:
            raise invalid(f"TemplateURL must reference a valid S3 object to which you have access: {url}")
        version = parse_qs(parts.query).get("versionId")
        try:
            answer = self.services.client(self.place, "s3").get_object(
                Bucket=bucket, Key=key, **({"VersionId": version[0]} if version else {})
            )
            return str(answer["Body"].read().decode())
        except (ClientError, UnicodeDecodeError) as error:
            raise invalid(f"S3 error: {error}") from error

    def _ssm(self, name: str) -> str:
        try:
            answer = self.services.client(self.place, "ssm").get_parameter(Name=name)
        except ClientError as error:
            raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.") from error
        return str(answer["Parameter"]["Value"])

    def _managed_policies(self) -> dict[str, str]:
        pages = self.services.client(self.place, "iam").get_paginator("list_policies")
        found = pages.paginate(Scope="AWS", PaginationConfig={"PageSize": 1000})
        return {policy["PolicyName"]: policy["Arn"] for page in found for policy in page["Policies"]}


def require_expand(wanted: Input) -> None:
    """See whether macros may change a template without a change set to look at.

    Raises:
        Refused: they may not.
    """
    if wanted.template.transforms and _EXPAND not in wanted.capabilities:
        raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{_EXPAND}]")


def _values(asked: Asked, before: Input | None) -> dict[str, str]:
    values: dict[str, str] = {}
    for parameter in asked.get("Parameters") or ():
        name = parameter["ParameterKey"]
        if parameter.get("UsePreviousValue"):
            if parameter.get("ParameterValue"):
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty "
                    "value for a parameter"
                )
            if before is None or name not in before.parameters:
                raise invalid(f"Invalid input for parameter key {name}. No previous value to use")
            values[name] = before.parameters[name].given
        else:
            values[name] = parameter.get("ParameterValue", "")
    return values
