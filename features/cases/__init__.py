"""Cases with levers and outcomes: the rows from which effects are estimated."""
