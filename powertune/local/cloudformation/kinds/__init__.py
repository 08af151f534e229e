"""What CloudFormation can create, one module for each service."""
