"""Runs functions: environments, their Runtime API, who may compute when, and what is logged about it."""
