"""`python -m powertune`."""

from powertune.cli import main

main()
