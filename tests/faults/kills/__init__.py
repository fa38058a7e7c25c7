"""The real engine, killed 20,000 times, against a receiver in another process and a reference of its own."""
