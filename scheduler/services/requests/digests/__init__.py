"""What exhibitors are told of their firm's requests by mail, and how they answer from there."""
