"""Reads what a scan has to know of one account in one region, and says what it could not read. Changes nothing."""
