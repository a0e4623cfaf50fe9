"""KPIs as a company's data need them."""
