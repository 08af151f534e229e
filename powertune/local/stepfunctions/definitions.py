"""From a definition to a program that moto's interpreter runs, parsed once for all executions.

Fields of Map states that moto's grammar does not know are taken out first, and come back as `MapSettings`.
"""

import functools
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

from powertune.local.stepfunctions import queries
from powertune.local.stepfunctions.map_settings import FIELDS, MapSettings
from powertune.local.stepfunctions.templates import Template
from powertune.local.stepfunctions.validation import MAX_DEFINITION_BYTES, Problem, problems_in

_KEPT = 64
"""How many parsed definitions are kept: parsing a large one takes a second."""

_PROCESSORS = ("ItemProcessor", "Iterator")

_parser = threading.Lock()
"""The parser's tables are shared by all threads and grow while it parses."""


class Refused(Exception):
    """The definition is not valid; `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@functools.lru_cache(_KEPT)
def program_of(definition: str) -> Program:
    """The program of a definition. It has no state: executions share it.

    Raises:
        Refused: the definition is not valid.
    """
    document = _read(definition)
    if problems := (*problems_in(document), *_wrong_queries(document)):
        raise Refused(*problems)
    program: Program = _parse(json.dumps(_bare_scope(document), ensure_ascii=False))
    _attach(program.states.states, document["States"])
    return program


def _read(definition: str) -> Any:
    if len(definition.encode()) > MAX_DEFINITION_BYTES:
        raise Refused(Problem(code="SCHEMA_VALIDATION_FAILED", message="The definition is larger than 1 MiB"))
    if not definition.strip():
        raise Refused(Problem(code="MISSING_DESCRIPTION", message="The definition is empty"))
    try:
        return json.loads(definition, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Refused(Problem(code="INVALID_JSON_DESCRIPTION", message=f"Invalid JSON: {error}")) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"duplicate field {name!r}")
        found[name] = value
    return found


def _wrong_queries(document: Any) -> Iterator[Problem]:
    """JSONata expressions that are no JSONata."""
    for where, text in _strings(document, "", False):
        if (fault := queries.fault_in(text[2:-2])) is not None:
            message = f"The JSONata expression is not valid: {fault}"
            yield Problem(code="SCHEMA_VALIDATION_FAILED", message=message, location=where)


def _strings(value: Any, where: str, jsonata: bool) -> Iterator[tuple[str, str]]:
    """The expressions in a document, and where they are."""
    if isinstance(value, Mapping):
        jsonata = value.get("QueryLanguage", "JSONata" if jsonata else "JSONPath") == "JSONata"
        for name, inner in value.items():
            yield from _strings(inner, f"{where}/{name}", jsonata)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{where}[{index}]", jsonata)
    elif jsonata and isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        yield where, value


def _bare_scope(scope: Mapping[str, Any]) -> dict[str, Any]:
    """A map of states without those fields. Data in it, as in the Result of a Pass state, stay as they are."""
    bare = {**scope, "States": {name: _bare_state(state) for name, state in scope["States"].items()}}
    if _is_distributed(scope):
        # Moto knows Standard child executions only.
        bare["ProcessorConfig"] = {**scope["ProcessorConfig"], "ExecutionType": "STANDARD"}
    return bare


def _bare_state(state: Mapping[str, Any]) -> dict[str, Any]:
    is_map = state.get("Type") == "Map"
    bare = {name: value for name, value in state.items() if not (is_map and name in FIELDS)}
    for name in _PROCESSORS:
        if isinstance(bare.get(name), Mapping):
            bare[name] = _bare_scope(bare[name])
    if isinstance(bare.get("Branches"), list):
        bare["Branches"] = [_bare_scope(each) if isinstance(each, Mapping) else each for each in bare["Branches"]]
    return bare


def _is_distributed(processor: Mapping[str, Any]) -> bool:
    config = processor.get("ProcessorConfig")
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"


def _attach(states: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Give parsed Map states the fields that the document has for them."""
    for name, state in states.items():
        own = document[name]
        if isinstance(state, StateMap):
            processor = next(own[each] for each in _PROCESSORS if each in own)
            express = _is_distributed(processor) and processor["ProcessorConfig"].get("ExecutionType") == "EXPRESS"
            fields = {field: value for field, value in own.items() if field in FIELDS}
            vars(state)["settings"] = replace(_settings(fields, state), express=express)
            _attach(state.iteration_component._states.states, processor["States"])
        elif isinstance(state, StateParallel):
            for branch, inner in zip(state.branches.programs, own["Branches"], strict=True):
                _attach(branch.states.states, inner["States"])


def _settings(fields: Mapping[str, Any], state: Any) -> MapSettings:
    jsonata = not state._is_language_query_jsonpath()
    try:
        return MapSettings.of(fields, lambda value: _template(value, jsonata))
    except ValueError as error:
        raise Refused(_schema(f"{error} at /States/{state.name}")) from error


def _template(value: Mapping[str, Any], jsonata: bool) -> Template:
    """An object with paths or expressions in it: what a Pass state makes of such an object."""
    state = {"Type": "Pass", "End": True, ("Output" if jsonata else "Parameters"): value}
    language = "JSONata" if jsonata else "JSONPath"
    text = json.dumps({"QueryLanguage": language, "StartAt": "T", "States": {"T": state}}, ensure_ascii=False)
    made = _parse(text).states.states["T"]
    return Template(made.output.jsonata_template_value if jsonata else made.parameters)


def _parse(text: str) -> Any:
    with _parser:
        try:
            return AmazonStateLanguageParser.parse(text)[0]
        except ASLParserException as error:
            raise Refused(*(_schema(each) for each in error.errors)) from error
        except Exception as error:
            # Moto's parser refuses what the grammar cannot express by errors of many kinds.
            raise Refused(_schema(str(error))) from error


def _schema(message: str) -> Problem:
    return Problem(code="SCHEMA_VALIDATION_FAILED", message=message)
