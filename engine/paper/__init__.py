"""Our own receiver of the platform's messages: the same webhook on loopback, with a ledger of all that came."""
