"""What an account has that takes weeks to come about, for tests: age, metrics of before, recommendations."""
