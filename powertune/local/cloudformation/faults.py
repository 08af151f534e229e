"""What CloudFormation refuses, in its words."""

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """A request that CloudFormation does not carry out, with its error code."""


class Failure(Exception):
    """Why a resource could not be created, changed or deleted."""


def invalid(message: str) -> Refused:
    """400 ValidationError."""
    return Refused("ValidationError", message)


def no_stack(name: str) -> Refused:
    """400 ValidationError: there is no such stack."""
    return invalid(f"Stack with id {name} does not exist")


def no_change_set(name: str) -> Refused:
    """404 ChangeSetNotFound."""
    return Refused("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
