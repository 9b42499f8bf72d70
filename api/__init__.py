"""Web interface: pages and the JSON API over the same services."""
