"""Text classifiers behind one protocol."""
