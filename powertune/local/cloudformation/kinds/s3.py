"""AWS::S3::Bucket and BucketPolicy."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from powertune.local.cloudformation.kind import Context, Made, Properties, document


class Bucket:
    """AWS::S3::Bucket."""

    handles = frozenset(
        [
            "BucketEncryption",
            "BucketName",
            "CorsConfiguration",
            "LifecycleConfiguration",
            "ObjectLockEnabled",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        ]
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """CreateBucket, and its configurations."""
        client, region = context.client("s3"), context.place.region
        name = properties.get("BucketName") or context.name(63, lower=True)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        locked = {"ObjectLockEnabledForBucket": True} if properties.get("ObjectLockEnabled") else {}
        client.create_bucket(Bucket=name, **where, **locked)
        domain = "amazonaws.com.cn" if context.place.partition == "aws-cn" else "amazonaws.com"
        made = Made(
            physical_id=name,
            attributes={
                "Arn": context.arn("s3", name, region=False, account=False),
                "DomainName": f"{name}.s3.{domain}",
                "DualStackDomainName": f"{name}.s3.dualstack.{region}.{domain}",
                "RegionalDomainName": f"{name}.s3.{region}.{domain}",
                "WebsiteURL": f"http://{name}.s3-website-{region}.{domain}",
            },
        )
        context.started(made)
        self._configure(context, client, name, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """The configurations that differ."""
        self._configure(context, context.client("s3"), made.physical_id, old, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteBucket, which refuses to delete one that holds objects."""
        try:
            context.client("s3").delete_bucket(Bucket=made.physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise

    @staticmethod
    def _configure(context: Context, client: Any, name: str, old: Properties, new: Properties) -> None:
        for key, (put, remove) in _CONFIGURATIONS.items():
            if old.get(key) == new.get(key):
                continue
            if key in new:
                put(client, name, new[key])
            else:
                remove(client, name)
        # S3 takes no tags of its own namespace from clients.
        tags = context.tag_list(new, system=False)
        if tags:
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        else:
            client.delete_bucket_tagging(Bucket=name)


def _encrypt(client: Any, name: str, value: Any) -> None:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = [
        {names.get(key, key): each for key, each in rule.items()}
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def _version(client: Any, name: str, value: Any) -> None:
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": value["Status"]})


def _suspend(client: Any, name: str) -> None:
    _version(client, name, {"Status": "Suspended"})


def _live(client: Any, name: str, value: Any) -> None:
    rules = [_lifecycle_rule(rule) for rule in value["Rules"]]
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """A rule in the form of the API."""
    expiration = {
        api: rule[key]
        for key, api in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if key in rule
    }
    found: dict[str, Any] = {"ID": rule["Id"]} if "Id" in rule else {}
    found |= {"Status": rule["Status"], "Filter": _filter(rule)}
    if expiration:
        found["Expiration"] = expiration
    transitions = [*rule.get("Transitions", ()), *([rule["Transition"]] if "Transition" in rule else ())]
    if transitions:
        found["Transitions"] = [
            {{"TransitionInDays": "Days", "TransitionDate": "Date"}.get(key, key): each for key, each in one.items()}
            for one in transitions
        ]
    if "NoncurrentVersionExpirationInDays" in rule:
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    for key in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if key in rule:
            found[key] = rule[key]
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays"}
        found["NoncurrentVersionTransitions"] = [
            {names.get(key, key): each for key, each in one.items()} for one in rule["NoncurrentVersionTransitions"]
        ]
    return found


def _filter(rule: Properties) -> dict[str, Any]:
    parts: dict[str, Any] = {key: rule[key] for key in ("Prefix",) if key in rule}
    parts |= {key: int(rule[key]) for key in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if key in rule}
    tags = rule.get("TagFilters") or []
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}


def _own(client: Any, name: str, value: Any) -> None:
    client.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": value["Rules"]})


def _block(client: Any, name: str, value: Any) -> None:
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=value)


_CORS = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}


def _cors(client: Any, name: str, value: Any) -> None:
    rules = [{_CORS.get(key, key): each for key, each in rule.items()} for rule in value["CorsRules"]]
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


_CONFIGURATIONS: dict[str, tuple[Callable[[Any, str, Any], None], Callable[[Any, str], None]]] = {
    "BucketEncryption": (_encrypt, lambda client, name: client.delete_bucket_encryption(Bucket=name)),
    "CorsConfiguration": (_cors, lambda client, name: client.delete_bucket_cors(Bucket=name)),
    "LifecycleConfiguration": (_live, lambda client, name: client.delete_bucket_lifecycle(Bucket=name)),
    "OwnershipControls": (_own, lambda client, name: client.delete_bucket_ownership_controls(Bucket=name)),
    "PublicAccessBlockConfiguration": (_block, lambda client, name: client.delete_public_access_block(Bucket=name)),
    "VersioningConfiguration": (_version, _suspend),
}


class BucketPolicy:
    """AWS::S3::BucketPolicy."""

    handles = frozenset({"Bucket", "PolicyDocument"})

    def create(self, context: Context, properties: Properties) -> Made:
        """PutBucketPolicy."""
        self._put(context, properties)
        return Made(physical_id=properties["Bucket"])

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - Kind's
        """PutBucketPolicy."""
        self._put(context, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - Kind's
        """DeleteBucketPolicy."""
        try:
            context.client("s3").delete_bucket_policy(Bucket=made.physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchBucketPolicy"):
                raise

    @staticmethod
    def _put(context: Context, properties: Properties) -> None:
        policy = document(properties["PolicyDocument"])
        context.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
