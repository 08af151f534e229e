"""AWS::IAM::Role, Policy and ManagedPolicy."""

from typing import Any

from powertune.local.cloudformation.kind import Context, Made, Properties, changed_tags, document, picked

_VERSION = "2012-10-17"
"""Given to a policy that names no version, as those of SAM's schedules: IAM takes them, moto does not."""


def _policy(value: Any) -> str:
    return document({"Version": _VERSION, **value} if isinstance(value, dict) else value)


class Role:
    """AWS::IAM::Role."""

    handles = frozenset(
        [
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        ]
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateRole, and its policies."""
        client = context.client("iam")
        name = properties.get("RoleName") or context.name(64)
        role = client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_policy(properties["AssumeRolePolicyDocument"]),
            Tags=context.tag_list(properties, system=False),
            **picked(properties, "Description", "MaxSessionDuration", "Path", "PermissionsBoundary"),
        )["Role"]
        made = Made(physical_id=name, attributes={"Arn": role["Arn"], "RoleId": role["RoleId"]})
        context.started(made)
        self._policies(client, name, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """What of the role differs."""
        client, name = context.client("iam"), made.physical_id
        trust = _policy(new["AssumeRolePolicyDocument"])
        client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        duration = new.get("MaxSessionDuration", 3600)
        client.update_role(RoleName=name, Description=new.get("Description", ""), MaxSessionDuration=duration)
        if new.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if "PermissionsBoundary" in new:
                boundary = new["PermissionsBoundary"]
                client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
            else:
                client.delete_role_permissions_boundary(RoleName=name)
        self._policies(client, name, old, new)
        tags = {tag["Key"]: tag["Value"] for tag in client.list_role_tags(RoleName=name)["Tags"]}
        added, removed = changed_tags(tags, context.tags(new, system=False))
        if added:
            client.tag_role(RoleName=name, Tags=[{"Key": key, "Value": value} for key, value in added.items()])
        if removed:
            client.untag_role(RoleName=name, TagKeys=removed)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeleteRole, after its policies."""
        client, name = context.client("iam"), made.physical_id
        try:
            self._policies(client, name, properties, {})
            client.delete_role(RoleName=name)
        except client.exceptions.NoSuchEntityException:
            return

    @staticmethod
    def _policies(client: Any, name: str, old: Properties, new: Properties) -> None:
        before = {policy["PolicyName"]: policy for policy in old.get("Policies") or ()}
        after = {policy["PolicyName"]: policy for policy in new.get("Policies") or ()}
        for key, policy in after.items():
            if before.get(key) != policy:
                text = _policy(policy["PolicyDocument"])
                client.put_role_policy(RoleName=name, PolicyName=key, PolicyDocument=text)
        for key in before.keys() - after.keys():
            _quietly(client.delete_role_policy, RoleName=name, PolicyName=key)
        arns_before, arns = set(old.get("ManagedPolicyArns") or ()), set(new.get("ManagedPolicyArns") or ())
        for arn in sorted(arns - arns_before):
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(arns_before - arns):
            _quietly(client.detach_role_policy, RoleName=name, PolicyArn=arn)


class _Holders:
    """Whom a policy is for: roles, users and groups have operations of the same form."""

    SINGULAR = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))

    @classmethod
    def each(cls, properties: Properties) -> set[tuple[str, str, str]]:
        """Triples such as (role, RoleName, my-role)."""
        return {
            (noun, parameter, name)
            for plural, noun, parameter in cls.SINGULAR
            for name in properties.get(plural) or ()
        }


class Policy:
    """AWS::IAM::Policy, the inline policy of roles, users and groups."""

    handles = frozenset({"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put it to everybody that it is for."""
        name = context.name(64)
        made = Made(physical_id=name, attributes={"Id": name})
        context.started(made)
        self._put(context.client("iam"), properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Put it again, and take it from those that it is no longer for."""
        client = context.client("iam")
        self._put(client, new)
        renamed = old["PolicyName"] != new["PolicyName"]
        self._take(client, old["PolicyName"], _Holders.each(old) - (set() if renamed else _Holders.each(new)))
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """Take it from everybody."""
        self._take(context.client("iam"), properties["PolicyName"], _Holders.each(properties))

    @staticmethod
    def _put(client: Any, properties: Properties) -> None:
        text = _policy(properties["PolicyDocument"])
        for noun, parameter, name in sorted(_Holders.each(properties)):
            put = getattr(client, f"put_{noun}_policy")
            put(**{parameter: name}, PolicyName=properties["PolicyName"], PolicyDocument=text)

    @staticmethod
    def _take(client: Any, policy: str, holders: set[tuple[str, str, str]]) -> None:
        for noun, parameter, name in sorted(holders):
            _quietly(getattr(client, f"delete_{noun}_policy"), **{parameter: name}, PolicyName=policy)


class ManagedPolicy:
    """AWS::IAM::ManagedPolicy."""

    handles = frozenset({"Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"})

    def create(self, context: Context, properties: Properties) -> Made:
        """CreatePolicy, and attach it."""
        client = context.client("iam")
        policy = client.create_policy(
            PolicyName=properties.get("ManagedPolicyName") or context.name(128),
            PolicyDocument=_policy(properties["PolicyDocument"]),
            **picked(properties, "Description", "Path"),
        )["Policy"]
        made = Made(
            physical_id=policy["Arn"], attributes={"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]}
        )
        context.started(made)
        self._attach(client, "attach", policy["Arn"], _Holders.each(properties))
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """A new default version, and attach or detach it."""
        client, arn = context.client("iam"), made.physical_id
        if old["PolicyDocument"] != new["PolicyDocument"]:
            for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            text = _policy(new["PolicyDocument"])
            client.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        self._attach(client, "attach", arn, _Holders.each(new) - _Holders.each(old))
        self._attach(client, "detach", arn, _Holders.each(old) - _Holders.each(new))
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """DeletePolicy, after its versions and attachments."""
        client, arn = context.client("iam"), made.physical_id
        self._attach(client, "detach", arn, _Holders.each(properties))
        try:
            for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=arn)
        except client.exceptions.NoSuchEntityException:
            return

    @staticmethod
    def _attach(client: Any, verb: str, arn: str, holders: set[tuple[str, str, str]]) -> None:
        for noun, parameter, name in sorted(holders):
            call = getattr(client, f"{verb}_{noun}_policy")
            if verb == "attach":
                call(**{parameter: name}, PolicyArn=arn)
            else:
                _quietly(call, **{parameter: name}, PolicyArn=arn)


def _quietly(call: Any, **arguments: Any) -> None:
    """Call what removes something, which may be gone already."""
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        if "NoSuchEntity" not in error.response["Error"]["Code"]:
            raise
