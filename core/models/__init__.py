"""Who answers: policies, their frozen reference and the value model."""
