"""The report as one HTML file that needs nothing but a browser: no network, no server, no second file."""

from powertune.report.html.page import render_html

__all__ = ["render_html"]
