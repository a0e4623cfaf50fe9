"""What pages say, in both languages."""
