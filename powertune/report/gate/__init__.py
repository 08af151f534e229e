"""What a gate says, in words, for programs and for CI systems."""
