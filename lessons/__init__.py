"""What a learner sees. No tensor maths here."""
