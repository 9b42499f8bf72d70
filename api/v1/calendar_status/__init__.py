"""What came of the invitations."""
