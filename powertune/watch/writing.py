"""A template as text: YAML or JSON for a person, and as short as can be for a request."""

import json
from typing import Any


def template_yaml(template: dict[str, Any]) -> str:
    """The template as YAML; the body of the dashboard is a block of lines."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as they are, and everything in full where it stands."""

        def ignore_aliases(self, _data: Any) -> bool:
            """CloudFormation reads anchors, but people do not like to."""
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return yaml.dump(template, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def template_json(template: dict[str, Any]) -> str:
    """The template as indented JSON."""
    return json.dumps(template, ensure_ascii=False, indent=2) + "\n"


def template_request(template: dict[str, Any]) -> str:
    """The template as JSON without spaces: what goes with a request is limited."""
    return json.dumps(template, ensure_ascii=False, separators=(",", ":"))
