"""Business words of firm names, by language and chain area."""
