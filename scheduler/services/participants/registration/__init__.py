"""Self-registration of firms: public form, email confirmation, and the organisers' decision."""
