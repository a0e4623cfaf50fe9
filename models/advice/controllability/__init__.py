"""How far people can move a KPI: the catalogue's belief, and what past changes of cards showed."""
