"""Which functions to tune, what to propose for them, and whether it came true: without git, forge or AWS."""
