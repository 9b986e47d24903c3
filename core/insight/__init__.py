"""What is measured about a run: the true value of every prefix, what-if, and studies of them."""
