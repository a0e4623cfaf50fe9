"""Commands of the command line that have a room of their own, and how they show what they found."""
