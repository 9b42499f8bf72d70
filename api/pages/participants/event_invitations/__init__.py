"""Inviting the people of firms to the event by mail."""
