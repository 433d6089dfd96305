"""Internal: key material: its forms, its settings, its encryption and its database."""
