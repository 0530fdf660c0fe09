"""What travels: events, labels, risk updates, policy actions, dead letters, and the scorer's protocol."""
