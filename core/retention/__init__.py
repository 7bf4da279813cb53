"""How long backups stay restorable, and why."""
