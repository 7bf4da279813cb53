"""Restores as they stand: the table of all, one of them with its report, and its end before it is published."""
