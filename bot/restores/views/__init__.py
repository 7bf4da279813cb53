"""Windows as pure functions of what they show."""
