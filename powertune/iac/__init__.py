"""Finds and changes what infrastructure code says about the memory size of a function: text to text."""

from powertune.iac.changing import change
from powertune.iac.locating import locate
from powertune.iac.model import CodeChange as Change
from powertune.iac.model import CodePlace as Place
from powertune.iac.model import CodeSource as Source
from powertune.iac.model import Desired, Edit, Tool
from powertune.iac.model import WantedFunction as Wanted

__all__ = ["Change", "Desired", "Edit", "Place", "Source", "Tool", "Wanted", "change", "locate"]
