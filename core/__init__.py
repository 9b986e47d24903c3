"""What trains and measures. Nothing in this package knows that a web page exists."""
