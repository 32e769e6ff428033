"""Pictures as text: rows in, SVG out. Nothing here asks a database, and no value goes in unescaped.

Colours come as attributes and classes, never as styles: the pages' policy lets no inline style in.
"""
