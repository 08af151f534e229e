"""`powertune destroy`: remove the state machine, or the alarms of `powertune watch`, from an account."""

from typing import Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common


@groups.spread
def destroy(
    *,
    stack_name: common.StackName = "powertune",
    delete_results: Annotated[
        bool, typer.Option("--delete-results", help="Delete the bucket with the results as well.")
    ] = False,
    place: common.AwsPlace,
    yes: common.Yes = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Delete the state machine and all that `powertune deploy` created, except the results; or a stack of alarms."""
    from powertune.aws.connection import connect
    from powertune.cli.console import say
    from powertune.cli.stack_progress import StackProgress, check_terminal
    from powertune.engine.deployment.destroying import destroy as destroy_stack
    from powertune.engine.deployment.stack_parameters import check_stack_name

    check_stack_name(stack_name)
    check_terminal("destroy", stack_name, yes=yes)
    with connect(place.connection) as connection, StackProgress("deleted", ask=not yes, quiet=quiet) as progress:
        destroyed = destroy_stack(connection.aws(), stack_name, progress, delete_results=delete_results)
    if destroyed is None:
        say("nothing was changed")
    elif destroyed.results_bucket is not None:
        bucket = destroyed.results_bucket
        say(f"the results are kept in the bucket {bucket}; to delete them: aws s3 rb s3://{bucket} --force")
