"""What people decide on an advice: who proposes, who approves, who contests, and what is kept of it."""
