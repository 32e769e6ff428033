"""A synthetic street in the departments' own formats, with its truth beside it."""
