"""Native exports → record batches and files, streaming. Formats do not know each other."""
