"""Runs the macros of AWS that a template names: the serverless transform, by AWS's own translator."""

import copy
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from powertune.local.cloudformation.faults import invalid
from powertune.local.cloudformation.parameters import Parameter
from powertune.local.cloudformation.template import Template

SERVERLESS = "AWS::Serverless-2016-10-31"
LANGUAGE = "AWS::LanguageExtensions"

_lock = threading.Lock()
"""The translator keeps the region in a class."""


def processed(
    template: Template,
    parameters: Mapping[str, Parameter],
    region: str,
    managed_policies: Callable[[], Mapping[str, str]],
) -> Template:
    """The template after its transforms. `managed_policies` gives the ARNs of AWS's policies by name.

    Raises:
        Refused: a macro does not exist here, or says that the template is invalid.
    """
    document = dict(copy.deepcopy(template.document))
    names = template.transforms
    for name in names:
        if name == SERVERLESS:
            document = _serverless(document, parameters, region, managed_policies)
        elif name != LANGUAGE:
            raise invalid(f"No transform named {name} found. The embedded AWS has {SERVERLESS} and {LANGUAGE}")
    if any(key.startswith("Fn::ForEach") for key in _keys(document)):
        raise invalid("Template error: the embedded AWS does not support the function Fn::ForEach")
    if not names:
        return template
    document.pop("Transform", None)
    return replace(template, document=document, processed=True)


def _keys(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_keys, node))
    if isinstance(node, dict):
        return set(map(str, node)).union(*map(_keys, node.values()))
    return set()


def _serverless(
    document: dict[str, Any],
    parameters: Mapping[str, Parameter],
    region: str,
    managed_policies: Callable[[], Mapping[str, str]],
) -> dict[str, Any]:
    try:
        import boto3
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator
        from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template
    except ImportError as error:
        raise invalid(
            f"The transform {SERVERLESS} needs aws-sam-translator, which cannot be imported: {error}. "
            "Install powertune[local]"
        ) from error
    values = {name: parameter.value for name, parameter in parameters.items()}
    with _lock:
        try:
            to_py27_compatible_template(document, values)
            translator = Translator({}, Parser(), boto_session=boto3.session.Session(region_name=region))
            found = translator.translate(
                document, parameter_values=values, get_managed_policy_map=lambda: dict(managed_policies())
            )
        except InvalidDocumentException as error:
            raise invalid(f"Transform {SERVERLESS} failed with: {_said(error)}") from error
    # Text and numbers as the translator leaves them are subclasses of Python's own.
    plain: dict[str, Any] = json.loads(json.dumps(undo_mark_unicode_str_in_template(found), default=str))
    return plain


def _said(error: Any) -> str:
    causes = [str(cause.message) for cause in getattr(error, "causes", ())]
    return " ".join([str(error.message), *causes])
