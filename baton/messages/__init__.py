"""Every sentence for people: a key and values, and one catalogue in English and Chinese."""
