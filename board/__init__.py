"""The board: the picture people work with, one street, one building, one home, and the day's doors on a phone."""
