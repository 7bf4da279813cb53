"""Durable execution on DBOS: runs, their steps and parts, the worker that drives them, and what happens when it dies.

`runs` holds the values other packages need and does not import DBOS, whose import takes most of a second;
`worker` does, so it is imported only by who is about to work."""
