"""Reports of invocations in CloudWatch Logs: where they are, how they are read, what they say."""
