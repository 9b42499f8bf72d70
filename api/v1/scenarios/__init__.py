"""What-ifs beside the live plan."""
