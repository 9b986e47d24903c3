"""Catalogues and prose, a folder per language."""
