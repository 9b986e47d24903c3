"""What is asked: prompts, right answers and the verifiable reward."""
