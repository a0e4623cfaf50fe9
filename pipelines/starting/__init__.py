"""From a folder of exports to a company file: look, guess, write, check."""
