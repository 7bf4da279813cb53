"""Bytes under keys: the port (store.py), its implementations, and the way from a URL to one (location.py)."""
