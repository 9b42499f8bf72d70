"""Columns of the tables of `Data`, a module a table: `data.requests[request, requests.LENGTH]`.

Compiled code takes a module's numbers for constants. A pair `X_BEGIN`, `X_END` is a range in a list,
the second end open (compressed rows, CSR).
"""
