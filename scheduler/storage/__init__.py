"""Tables, sessions and migrations: the only place that imports sqlalchemy, besides services that take a Session."""
