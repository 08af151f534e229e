"""The only door to boto3: our types come out, and every error of AWS is translated."""
