"""EventBridge of the embedded AWS: what a rule sends, and to whom."""
