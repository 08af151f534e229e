"""CloudFormation stacks, and the buckets that they take their code from and leave their results in."""
