"""Text for a terminal: runs, comparisons, plans and prices."""
