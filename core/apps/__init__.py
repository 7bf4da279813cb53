"""Drivers: how an app is read and written. Drivers do not know each other."""
