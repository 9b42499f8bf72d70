"""The event's team, invitations to it, and the installation's operators."""
