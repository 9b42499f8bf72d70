"""What tests share: factories, builders, servers, and second opinions."""
