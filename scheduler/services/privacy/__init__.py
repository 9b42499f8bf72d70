"""Privacy: retention and nightly deletion of personal data, its processing record, export and erasure."""
