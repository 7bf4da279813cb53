"""Look inside: an app's projects or spaces, what is in one, and one page or issue as people read it. Read-only."""
