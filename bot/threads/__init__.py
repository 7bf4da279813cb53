"""Restores told in Slack: events of the engine → one status message that is edited, and replies under it."""
