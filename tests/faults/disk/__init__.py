"""Disks that are full, slow, read-only or damaged, at rest and under a running engine."""
