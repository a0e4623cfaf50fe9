"""Companies of known truth: settings of each world, and what makes people, customers, cases and leaving out of them."""
