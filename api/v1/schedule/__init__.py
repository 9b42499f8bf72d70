"""Schedule versions and agendas."""
