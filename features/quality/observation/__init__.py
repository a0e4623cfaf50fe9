"""From when until when each table was observed."""
