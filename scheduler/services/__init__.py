"""The services: one package for each feature.

Imports between the packages point one way, as the contracts in pyproject.toml say.
"""
