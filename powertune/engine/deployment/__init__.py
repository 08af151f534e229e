"""The state machine in an account: what it is made of, how it gets there, and how it is removed."""
