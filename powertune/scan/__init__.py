"""Where the functions of an account waste money: evidence in, findings out. Asks AWS nothing."""
