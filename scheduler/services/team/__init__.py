"""The team of an event: who is in it, and how one gets in and out; and the installation's operators."""
