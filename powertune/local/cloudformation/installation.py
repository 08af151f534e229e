"""Puts CloudFormation into the server in place of moto's."""

from typing import Any

from powertune.local.endpoint.keys import AccessKey


def install_cloudformation(endpoint_url: str, key: AccessKey) -> None:
    """Answer requests to CloudFormation. Its own requests to other services go to the same server, with this key.

    It takes a second and 100 MB, as moto's CloudFormation imports all its services, so it waits for a request.
    """
    from moto.cloudformation import urls

    from powertune.local.cloudformation.life import Life
    from powertune.local.cloudformation.responses import StackResponse
    from powertune.local.cloudformation.services import Services
    from powertune.local.cloudformation.table import KINDS

    life = Life(Services(endpoint_url, key), KINDS)
    # Moto finds the service's name beside the module that a class says it is from.
    response: Any = type("InstalledResponse", (StackResponse,), {"life": life})
    urls.url_paths.clear()
    urls.url_paths["{0}/$"] = response.dispatch
