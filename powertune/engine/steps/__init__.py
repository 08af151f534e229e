"""The steps of a run inside an account: what each worker of the state machine does, one function for each state."""
