"""Scanning without a terminal: what laptops and workers share."""
