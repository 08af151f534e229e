"""CloudWatch Logs of the embedded AWS: events kept in order, filter patterns, and Logs Insights queries."""
