"""Calendar status pages."""
