"""The audit log: who did what and when, signed row by row, so that nobody without the key can change it unseen."""
