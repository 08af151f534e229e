"""A scan without a terminal: which places, one after another or side by side, kept as it goes."""
