"""CloudWatch metrics of the embedded AWS: an own store, its statistics, SEARCH and metric math."""
