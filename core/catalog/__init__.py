"""What exists: organizations, shards, storages, apps with their generations, backups, and holds on them."""
