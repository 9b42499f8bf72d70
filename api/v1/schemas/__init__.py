"""What the JSON API takes and gives, a module a resource."""
