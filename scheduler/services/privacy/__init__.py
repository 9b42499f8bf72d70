"""Privacy: retention periods of personal data, its nightly deletion, and the export of one person."""
