"""One restore: request → plan → preflight → steps → verify → report."""
