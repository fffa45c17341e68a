"""One file per group of commands. A command parses, calls one use case, and shows what came of it."""
