"""One module a command. They import click and the standard library only; the rest when a command runs."""
