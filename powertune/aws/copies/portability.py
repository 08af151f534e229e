"""Whether a function can be copied, and run on the other architecture; found out before anything is changed."""

from collections.abc import Sequence
from typing import Any

from powertune.aws.copies.code_inspection import Inspection, inspect, lacking
from powertune.aws.copies.copy_request import Wanted, copy_request
from powertune.aws.copies.download import download
from powertune.aws.copies.lifecycle import download_code, refuse_unsendable
from powertune.aws.copies.names import copy_names
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import AccessDenied, CopyDenied, FunctionRefused, NotFound, Unavailable, UsageError
from powertune.model import Advisory, Architecture
from powertune.plan import Plan

#: Runtimes of Amazon Linux 1, which Lambda offers on x86-64 only (Developer Guide, "Lambda runtimes").
_X86_RUNTIMES = frozenset(
    {
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "go1.x",
        "java8",
        "nodejs",
        "nodejs10.x",
        "nodejs4.3",
        "nodejs4.3-edge",
        "nodejs6.10",
        "nodejs8.10",
        "provided",
        "python2.7",
        "python3.6",
        "python3.7",
        "ruby2.5",
    }
)
#: The other way out for who has not asked for a copy.
_IN_PLACE = "or measure the function itself with --in-place, which the callers of $LATEST may notice"
#: How many files to name.
_MOST_NAMES = 5


def check_copies(function: LambdaFunction, plan: Plan) -> tuple[Advisory, ...]:
    """See whether the copies that a plan needs can be made and run; changes nothing, and calls nothing without any.

    Raises:
        FunctionRefused: they cannot, and why: the files, layers, runtime or image.
    """
    if not plan.copies:
        return ()
    seen = function.read()
    _refuse_uncopyable(seen, plan)
    advisories: list[Advisory] = list(_about_vpc(plan))
    for wanted in plan.copies:
        if wanted is plan.function.architecture:
            continue
        if seen.package_type == "Image":
            _refuse_without_image(plan, wanted)
            continue
        _refuse_runtime(plan, wanted)
        for layer in seen.configuration.get("Layers") or ():
            advisories.extend(_check_layer(function, str(layer["Arn"]), plan, wanted))
        advisories.extend(_check_code(function, seen, plan, wanted))
    return tuple(advisories)


def copy_denied(plan: Plan, denied: CopyDenied) -> CopyDenied:
    """What to say where a copy may not be made: both ways out, if nobody has asked for one."""
    name, placement = plan.function.name, plan.placement
    policy = f"`powertune iam run {'--isolate' if placement.isolate else '--copies'}"
    policy += " --vpc`" if plan.function.vpc else "`"
    hint = f"{policy} prints the policy that a copy takes"
    if not placement.isolate or placement.asked:
        return CopyDenied(f"no copy of {name} may be made: {denied.message}", hint=hint)
    return CopyDenied(
        f"{name} is to be measured on a copy, {placement.why}; but no copy may be made: {denied.message}",
        hint=f"{hint}; {_IN_PLACE}",
    )


def _refuse_uncopyable(seen: FunctionSnapshot, plan: Plan) -> None:
    """Find out beforehand that the code is too large, or that AWS hides a part of the configuration."""
    name = copy_names(plan.function.name, plan.run_id, 1)[0]
    wanted = Wanted(name=name, run_id=plan.run_id, architecture=plan.copies[0], log_group=plan.function.log_group)
    try:
        refuse_unsendable(seen)
        copy_request(seen, {}, {}, wanted)
    except FunctionRefused as refused:
        if not plan.placement.isolate or plan.placement.asked:
            raise
        raise FunctionRefused(
            f"{plan.function.name} is to be measured on a copy, {plan.placement.why}; but {refused.message}",
            hint=f"{refused.hint}; {_IN_PLACE}",
        ) from refused


def _about_vpc(plan: Plan) -> tuple[Advisory, ...]:
    """That for a copy in a VPC, Lambda asks EC2 with this identity's permissions: only trying shows them."""
    if not plan.function.vpc:
        return ()
    advisory = Advisory(
        code="copy-in-vpc",
        message=f"{plan.function.name} is in a VPC, and for a copy of it, Lambda asks EC2 with the permissions of "
        "this identity",
        next_step="if that is refused, `powertune iam run --isolate --vpc` prints the policy that allows it",
    )
    return (advisory,)


def _refuse_without_image(plan: Plan, wanted: Architecture) -> None:
    if plan.image_uri(wanted) is None:
        option = f"--image-uri-{wanted.replace('_', '-')}"
        raise FunctionRefused(
            f"{plan.function.name} is a container image for {plan.function.architecture}, and Lambda takes no image "
            "of several architectures",
            hint=f"build it for {wanted}, push it, and pass {option} URI",
        )


def _refuse_runtime(plan: Plan, wanted: Architecture) -> None:
    if wanted is Architecture.ARM64 and plan.function.runtime in _X86_RUNTIMES:
        raise FunctionRefused(
            f"Lambda does not offer {plan.function.runtime} on {wanted}", hint="move to a newer runtime first"
        )


def _check_code(
    function: LambdaFunction, seen: FunctionSnapshot, plan: Plan, wanted: Architecture
) -> tuple[Advisory, ...]:
    found = inspect(download_code(function, seen))
    return _judge(found, f"the code of {plan.function.name}", plan, wanted)


def _check_layer(function: LambdaFunction, arn: str, plan: Plan, wanted: Architecture) -> tuple[Advisory, ...]:
    """A layer may say what it is for, and is looked into all the same, unless its owner does not let us."""
    aws = function.aws
    where = f"layer {arn}"
    try:
        layer: Any = aws.call(aws.clients.control.get_layer_version_by_arn, Arn=arn)
    except AccessDenied as denied:
        return (_not_inspected(where, denied.message, wanted),)
    except NotFound:
        raise FunctionRefused(
            f"{where} no longer exists, so a copy cannot use it", hint="give the function a layer that exists"
        ) from None
    declared = layer.get("CompatibleArchitectures") or []
    if declared and str(wanted) not in declared:
        raise FunctionRefused(
            f"{where} is for {', '.join(declared)} only",
            hint=f"{plan.function.name} cannot be measured on {wanted} with it: use a layer for both",
        )
    try:
        package = download(aws, str(layer["Content"]["Location"]), where)
    except (Unavailable, UsageError) as error:
        return (_not_inspected(where, error.message, wanted),)
    return _judge(inspect(package), f"{where} (declared for {wanted})" if declared else where, plan, wanted)


def _judge(found: Inspection, where: str, plan: Plan, wanted: Architecture) -> tuple[Advisory, ...]:
    own = plan.function.architecture
    files = lacking(found.natives, own, wanted)
    if files:
        raise FunctionRefused(
            f"{where} has native binaries for {own} only, which cannot run on {wanted}: {_list(files)}",
            hint=f"build it for {wanted} as well, or tune it on {own} alone",
        )
    if found.skipped:
        return (_not_inspected(where, f"{_list(found.skipped)} could not be read", wanted),)
    return ()


def _not_inspected(where: str, why: str, wanted: Architecture) -> Advisory:
    return Advisory(
        code="not-inspected",
        message=f"{where} was not inspected for native binaries: {why}",
        next_step=f"check that its invocations on {wanted} succeed",
    )


def _list(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
