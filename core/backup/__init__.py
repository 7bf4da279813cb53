"""How a backup comes into being: a native export is imported as one."""
