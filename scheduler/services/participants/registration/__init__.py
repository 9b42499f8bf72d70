"""Self-registration of firms: public form, email confirmation, decision by organisers."""
