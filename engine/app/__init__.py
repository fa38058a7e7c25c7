"""The composition root: a config becomes adapters, and adapters a running system. Only here is the mode known."""
