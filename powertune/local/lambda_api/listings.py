"""The operations of Lambda that list, in pages."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.awslambda.models import LayerVersion

from powertune.local.functions import Locator
from powertune.local.lambda_api.errors import invalid_value
from powertune.local.lambda_api.function import EmbeddedFunction
from powertune.local.lambda_api.pages import PAGE, by_number, page
from powertune.local.lambda_api.request import Answer, LambdaRequest, json_answer
from powertune.local.lambda_api.states import STATE_FIELDS

_MAPPINGS_PAGE = 100

Document = Mapping[str, Any]


class Listings(LambdaRequest):
    """Requests for lists."""

    def list_functions(self) -> Answer:  # type: ignore[override]
        """ListFunctions. No function is replicated from another region, as those of Lambda@Edge are."""
        every, master = self.asked.get("FunctionVersion") == "ALL", self.asked.get("MasterRegion")
        if master is not None and not every:
            raise invalid_value("FunctionVersion must be set to ALL when MasterRegion is specified.")
        functions: Iterable[Any] = self.control.list_functions("ALL" if every else None)
        if master not in (None, "ALL"):
            functions = ()
        return self._listed("Functions", map(_configuration, functions), _by_version)

    def list_versions_by_function(self) -> Answer:  # type: ignore[override]
        """ListVersionsByFunction."""
        self.control.storage.latest_of(self.name())
        versions: Iterable[Any] = self.control.list_versions_by_function(self.name())
        return self._listed("Versions", map(_configuration, versions), _by_version)

    def list_aliases(self) -> Answer:
        """ListAliases, of all versions or of one."""
        self.control.storage.latest_of(self.name())
        version = self.asked.get("FunctionVersion")
        aliases = [alias.to_json() for alias in self.control.list_aliases(self.name())]
        wanted = [alias for alias in aliases if version in (None, alias["FunctionVersion"])]
        return self._listed("Aliases", wanted, lambda alias: str(alias["Name"]))

    def list_layers(self) -> Any:
        """ListLayers: of each layer the latest version that fits what is asked for."""
        layers = [
            {
                "LayerName": layer.name,
                "LayerArn": layer.layer_arn,
                "LatestMatchingVersion": _layer_version(max(fitting, key=lambda each: each.version)),
            }
            for layer in list(self.control._layers._layers.values())
            if (fitting := self._fitting(layer.layer_versions.values()))
        ]
        return self._listed("Layers", layers, lambda layer: str(layer["LayerName"]))

    def list_layer_versions(self) -> Answer:  # type: ignore[override]
        """ListLayerVersions, the latest first."""
        name = self.asked["LayerName"].rpartition(":")[2]
        versions = [_layer_version(each) for each in self._fitting(self.control.list_layer_versions(name))]
        return self._listed("LayerVersions", versions, lambda each: by_number(10**15 - each["Version"]))

    def list_event_source_mappings(self) -> Answer:  # type: ignore[override]
        """ListEventSourceMappings, of a source, of a function, or of all."""
        source, function = self.asked.get("EventSourceArn"), self.asked.get("FunctionName")
        mappings = [
            mapping.get_configuration()
            for mapping in self.control.list_event_source_mappings(source or "", "")
            if function is None or _is_of(mapping.function_arn, mapping.function_name, function)
        ]
        return self._listed("EventSourceMappings", mappings, lambda each: str(each["UUID"]), _MAPPINGS_PAGE)

    def list_function_url_configs(self) -> Answer:
        """ListFunctionUrlConfigs: at most one, as the embedded AWS has none of aliases."""
        config = self.control.storage.latest_of(self.name()).url_config
        found = [] if config is None else [config.to_dict()]
        return self._listed("FunctionUrlConfigs", found, lambda each: str(each["FunctionArn"]))

    def _listed(
        self, name: str, items: Iterable[Document], key: Callable[[Document], str], most: int = PAGE
    ) -> Answer:
        marker, wanted = self.asked.get("Marker"), self.asked.get("MaxItems")
        return json_answer(200, page(items, key, marker=marker, max_items=wanted, most=most).document(name))

    def _fitting(self, versions: Iterable[LayerVersion]) -> list[LayerVersion]:
        runtime, architecture = self.asked.get("CompatibleRuntime"), self.asked.get("CompatibleArchitecture")
        return [
            each
            for each in list(versions)
            if (runtime is None or runtime in each.compatible_runtimes)
            and (architecture is None or architecture in each.compatible_architectures)
        ]


def _configuration(function: EmbeddedFunction) -> Document:
    """A function in a list, where AWS leaves its state out."""
    return {name: value for name, value in function.get_configuration().items() if name not in STATE_FIELDS}


def _by_version(configuration: Document) -> str:
    version = configuration["Version"]
    return f"{configuration['FunctionName']}:{'' if version == '$LATEST' else by_number(version)}"


def _layer_version(version: LayerVersion) -> Document:
    return {name: value for name, value in version.get_layer_version().items() if name not in ("Content", "LayerArn")}


def _is_of(arn: str, given: str, wanted: str) -> bool:
    """Whether a mapping is of a function; one without a qualifier stands for all of its versions and aliases."""
    locator = Locator.parse(wanted)
    mine = Locator.parse(given)
    qualifier = mine.qualifier or Locator.parse(arn).qualifier
    return locator.name == mine.name and locator.qualifier in (None, qualifier)
