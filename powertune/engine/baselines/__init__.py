"""Baselines: results that candidates are compared with, kept in a folder or a bucket."""
