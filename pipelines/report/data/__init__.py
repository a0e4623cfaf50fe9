"""What the page is made of, and the words for it."""
