"""What draws in the browser: the live board, token strips, the formula card; their Python side, and frontend/."""
