"""Who may use the service, as the company file says it."""
