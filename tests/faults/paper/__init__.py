"""The paper platform is killed under load; afterwards its accounts are what its messages and candles make of them."""
