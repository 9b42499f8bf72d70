"""Tables, sessions and migrations: the only place that imports sqlalchemy, besides the services."""
