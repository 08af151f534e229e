"""Temporary copies of a function: whether it can be copied, and how copies are made and deleted."""
