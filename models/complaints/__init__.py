"""Root causes of complaints: which, how sure, how often, and what they cost."""
