"""The board outside the app, from the app's own frontend files: a run as one web page."""
