"""The pages: each asks the database as the role of whoever looks, and nothing is filtered that it should refuse."""
