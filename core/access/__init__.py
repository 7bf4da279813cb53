"""Who may do what, an organization's directory, and access that waits for a person's decision."""
