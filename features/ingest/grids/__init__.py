"""Tables within grids of cells: what people lay out in a spreadsheet, or leave around the lines of a CSV."""
