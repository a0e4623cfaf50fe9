"""The workbook of a run's advice, and of the faults that the checks found, for people who work with spreadsheets."""
