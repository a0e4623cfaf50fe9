"""Who may see what: people and systems that ask, what each role may do, and the door that checks it."""
