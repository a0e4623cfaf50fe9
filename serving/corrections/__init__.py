"""Labels of texts that people have read again: kept, counted, and handed to the next run to learn from."""
