"""Decode what a department sent into text columns, named as in its contract."""
