"""Generated organizations and exports, for demo, bench and tests: the same shape gives the same bytes."""
