"""Which model answers: promoted and rolled back by people, with a reason and a signed row of the audit log."""
