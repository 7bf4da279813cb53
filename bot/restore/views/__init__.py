"""The wizard's windows: pure functions of facts. User texts stand here."""
