"""Event invitations to the people of firms, by email."""
