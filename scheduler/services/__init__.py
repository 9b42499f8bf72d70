"""A room a feature; between rooms imports point one way, as the contracts in pyproject.toml say."""
