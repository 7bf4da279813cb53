"""Revisions, in one line. What is released is never changed."""
