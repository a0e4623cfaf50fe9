"""What is policy: scorecards, targets and limits, with who decided them when, why and on which evidence."""
