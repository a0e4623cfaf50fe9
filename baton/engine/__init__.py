"""Where the rows of events are worked on."""
