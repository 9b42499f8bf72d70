"""Review of a draft's changes: cause, effect and rejection."""
