"""From effects to scorecards: weights, limits, reasons and fairness."""
