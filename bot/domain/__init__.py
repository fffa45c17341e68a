"""Plain values and rules. Knows no Discord, no database and no engine."""
