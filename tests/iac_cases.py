"""Infrastructure code in many styles, in tests/golden/iac: which function of it gets which size."""

from dataclasses import dataclass
from pathlib import Path

from powertune.iac import Desired, Source, Wanted
from powertune.model import Architecture

GOLDEN = Path(__file__).parent / "golden" / "iac"
EXPECTED = "expected.txt"
ARM64, X86_64 = Architecture.ARM64, Architecture.X86_64


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A folder of code, the function that is wanted, and what its code is to say."""

    name: str
    wanted: Wanted
    desired: Desired

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files, as they are on the disk."""
        root = GOLDEN / self.name
        paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name != EXPECTED)
        return tuple(
            Source(path=path.relative_to(root).as_posix(), text=path.read_bytes().decode()) for path in paths
        )


def _case(
    name: str,
    function: str,
    memory_mb: int | None = None,
    architecture: Architecture | None = None,
    *,
    resource: str | None = None,
    logical_id: str | None = None,
) -> Case:
    return Case(
        name=name,
        wanted=Wanted(function_name=function, resource=resource, logical_id=logical_id),
        desired=Desired(memory_mb=memory_mb, architecture=architecture),
    )


CASES = (
    _case("sam-plain", "orders-api", 512),
    _case("sam-globals-shared", "media-Resize-1A2B3C4D5E6F", 2048, ARM64),
    _case("sam-globals-alone", "prod-stack-Ingest-AbCdEfGhIjKl", 768),
    _case("sam-parameter", "report-prod", 1024, ARM64),
    _case("sam-architecture-list", "search", 1769, ARM64),
    _case("sam-flow-everything", "stack-Fn-AbCdEfGhIjKl", 256, ARM64),
    _case("sam-anchors-elsewhere", "stack-Read-AbCdEfGhIjKl", 1024, ARM64),
    _case("sam-merge-key", "stack-Second-AbCdEfGhIjKl", 512),
    _case("sam-crlf", "mailer", 512, ARM64),
    _case("sam-bom-no-newline", "hello", 192, ARM64),
    _case("sam-documents-markers", "quoted-keys", 1280, ARM64),
    _case("sam-name-join", "prod-queue-worker", 1536),
    _case("sam-long-name", "mylongerapp-playground-ne-InstancesLifecycleHandle-1GRP3N0TVA1LD", 256),
    _case("cfn-yaml", "shop-checkout", 3008, ARM64),
    _case("cfn-ref-long-form", "shop-Checkout-1A2B3C4D5E6F", 2048, logical_id="Checkout"),
    _case("cfn-json-2", "hello-json", 256, ARM64),
    _case("cfn-json-4-parameter", "prod-sync", 640),
    _case("cfn-json-missing", "stack-Fn-AbCdEfGhIjKl", 512, ARM64),
    _case("cfn-json-in-yaml", "stack-Fn-AbCdEfGhIjKl", 512, ARM64),
    _case("tf-plain", "orders", 1024, ARM64),
    _case("tf-missing", "worker", 256, ARM64),
    _case("tf-variable", "acme-api", 2048, ARM64),
    _case("tf-tfvars", "invoices", 384),
    _case("tf-locals", "events-prod", 512),
    _case("tf-common-module", "thumbnails", 3008, ARM64),
    _case("tf-own-module", "bills", 1024, resource="module.bills.aws_lambda_function.this"),
    _case("tf-count-one", "canary", 512),
    _case("tf-crlf-tabs", "legacy", 512, ARM64),
    _case("sls-plain", "shop-prod-orders", 1024, ARM64),
    _case("sls-provider-shared", "media-dev-encode", 3008, ARM64),
    _case("sls-custom", "etl-prod-load-v2", 4096),
    _case("sls-default-1024", "tiny-dev-pong", 128, ARM64),
    _case("sls-merge", "merged-dev-two", 512),
    _case("sls-json", "json-service-dev-hello", 256, ARM64),
    _case("cdk-typescript", "orders", 1024, ARM64),
    _case("cdk-typescript-generated-name", "Media-VideoEncoder1A2B3C4D-AbCdEfGhIjKl", 5308),
    _case("cdk-typescript-missing", "worker", 1024, ARM64),
    _case("cdk-javascript", "js-fn", 256, ARM64),
    _case("cdk-python", "orders", 1024, ARM64),
    _case("cdk-python-missing", "job", 512, ARM64),
    _case("folder-of-several", "jobs-dev-nightly", 512),
)
