"""Columns of the tables of `State`, a module a table: `state.held[request, held.SLOT]`."""
