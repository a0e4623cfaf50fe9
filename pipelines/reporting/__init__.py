"""The manager's page: what a run found, told so that it can be acted on."""
