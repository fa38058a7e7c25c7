"""Exchanges through a proxy that breaks them at every byte, and a judge that compares what was concluded."""
