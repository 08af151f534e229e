"""Find the memory size and architecture at which an AWS Lambda function is cheapest or fastest, by measuring it."""

__version__ = "0.1.0"
