"""What names of columns mean for people's privacy, in several languages."""
