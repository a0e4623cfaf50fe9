"""The pack for the monthly or quarterly meeting: a page to be printed, and a workbook with the same figures."""
