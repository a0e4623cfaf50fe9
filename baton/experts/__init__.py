"""What the company's own experts judge: which KPI matters how much more than which other."""
