"""Apps whose data lives in our own shards: SQLite on one machine, PostgreSQL on many."""
