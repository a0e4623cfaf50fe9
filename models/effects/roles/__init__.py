"""Whether the data agree with the roles and arrows that a catalogue declares."""
