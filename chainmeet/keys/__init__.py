"""Secret keys by number: what each key made, a new key, and the end of an old one."""
