"""What compiled code stands on: the decorator of kernels, and records of arrays."""
