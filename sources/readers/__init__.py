"""Decode what a department sent into text columns, named as in its contract."""

from sources.readers.process import read

__all__ = ["read"]
