"""Which export is which table of the contract, and which of its columns is which: guesses, and how sure they are."""
