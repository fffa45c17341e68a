"""One file per intent: what happens when a member asks for something. Speaks to the world through ports."""
