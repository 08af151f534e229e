"""What `--help` of a command shows: options in panels, in an order of its own, and examples as they are typed."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from typer.core import TyperArgument, TyperCommand, TyperOption


class PanelCommand(TyperCommand):
    """A command that shows its options by panels; what no panel names comes last, under "Options"."""

    #: The options of each panel, by the names of their parameters.
    panels: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = {name: panel for panel, names in self.panels.items() for name in names}
        for parameter in self.params:
            if isinstance(parameter, TyperOption):
                parameter.rich_help_panel = order.get(parameter.name or "")
                # Typer's own word is the Python type.
                parameter.metavar = parameter.metavar or (None if parameter.is_flag else "VALUE")
        places = {name: place for place, name in enumerate(order, start=1)}
        self.params.sort(key=lambda parameter: _place(parameter, places))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line, without the arguments that are hidden."""
        shown = [each for each in self.get_params(ctx) if not getattr(each, "hidden", False)]
        return [self.options_metavar or "", *(piece for each in shown for piece in each.get_usage_pieces(ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and each panel."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(_title(parameter), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the examples line by line: wrapped ones could not be copied."""
        lines = inspect.cleandoc(self.epilog or "").splitlines()
        formatter.write("".join(f"{line}\n" for line in ("", *lines)) if lines else "")


def _place(parameter: object, places: Mapping[str, int]) -> int:
    """Arguments first, then panels, then the rest."""
    if isinstance(parameter, TyperOption):
        return places.get(parameter.name or "", len(places) + 1)
    return 0


def _title(parameter: object) -> str:
    if isinstance(parameter, TyperArgument):
        return "Arguments"
    return getattr(parameter, "rich_help_panel", None) or "Options"
