"""How long people wait for an answer: real runs against a simulated Lambda, in simulated time."""
