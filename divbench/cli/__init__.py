"""The command line: from words to requests, and from results to what is printed. `main` carries out one command."""

from divbench.cli.dispatch import main

__all__ = ["main"]
