"""A synthetic street in the departments' own formats, with its truth beside it."""

from sources.sample.generate import FEEDS, Manifest, generate

__all__ = ["FEEDS", "Manifest", "generate"]
