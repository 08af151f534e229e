"""The adaptive search: a few sizes first, then the one that is expected to improve the answer most for its cost."""

from powertune.search.adaptive.policy import Adaptive

__all__ = ["Adaptive"]
