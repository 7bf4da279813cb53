"""The outbox: what happened, numbered per stream, for threads, progress bars and reports to read."""
