"""Several functions in one process: which may begin, with how much money, and how all of them end."""
