"""Week of a firm: meetings per person, changes and handovers."""
