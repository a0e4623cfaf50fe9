"""What the service remembers: users, tokens, decisions and the audit log, in one database."""
