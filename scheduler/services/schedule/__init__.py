"""Schedule versions and what people read of the published one: agendas, feeds."""
