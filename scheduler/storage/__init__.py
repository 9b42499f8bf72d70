"""Tables, sessions and migrations. The only package that imports sqlalchemy, besides the services."""
