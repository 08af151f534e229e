"""A tuning run without a terminal: prompts, progress and signals come in as arguments."""
