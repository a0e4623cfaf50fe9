"""Workbooks: sheets with readable headings, in which no text is ever a formula."""
