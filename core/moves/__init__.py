"""An app goes to another shard of its region with all its data: closed, copied, compared, and switched in one
transaction. Shares with restores what executes a run, and how records are compared."""
