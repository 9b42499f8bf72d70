"""What came of invitations, person by person, and whom to call."""
