"""Restore: the wizard, lists, status and cancel."""
