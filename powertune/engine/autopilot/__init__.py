"""The autopilot without a terminal: git, the forge, what is kept between runs, and one round of decisions."""
