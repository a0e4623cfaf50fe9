"""Pages for people: what needs them, cards and decisions; made on the server, and read without scripts."""
