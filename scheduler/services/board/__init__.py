"""The board: drafts that organisers change by hand, step by step, each checked by the rules."""
