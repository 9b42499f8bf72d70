"""How evenly a version shares out its meetings between firms and groups of firms."""
