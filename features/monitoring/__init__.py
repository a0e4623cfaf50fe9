"""What came in, period by period: rows, shares that are missing, levels, values; the ground that drift is found on."""
