"""Who makes runs: the queue, the fork server, one worker process a learner."""
