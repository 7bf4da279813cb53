"""Backups at rest: an open format (FORMAT.md) of Parquet parts, packs and a signed manifest."""
