"""An analysis as a picture: one figure as PNG or SVG, the same bytes for the same run."""

from powertune.report.charts.picture import own_settings, render_png, render_svg

__all__ = ["own_settings", "render_png", "render_svg"]
