"""The base of compiled code: the decorator of kernels, and records of arrays."""
