"""What AWS knows about how a function is used: its callers, traffic, metrics and projections."""
