"""Records as people read them: an outline of a container, or one item with its body and comments."""
