"""The advice before: set aside when a run advises on newer data, and compared with."""
