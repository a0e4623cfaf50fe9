"""What is asked of the service and what it answers, without HTTP."""
