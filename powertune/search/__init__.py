"""Which configuration to measure next, and when to stop. Pure: everything it knows comes in as arguments."""

from powertune.search.answer import Answer, Band, Conclusion
from powertune.search.protocol import Explorer, Search, Stop

__all__ = ["Answer", "Band", "Conclusion", "Explorer", "Search", "Stop"]
