"""Models that read what customers write, behind one protocol."""
