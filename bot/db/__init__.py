"""The database: tables, transactions and one repository per noun. Hands out domain values only."""
