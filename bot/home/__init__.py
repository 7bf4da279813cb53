"""App Home: what stands and what waits, for who opens the bot."""
