"""Commands: thin. They read options, call the composition root, and print. Heavy imports happen inside the commands."""

import gc

# Loading numba makes very many objects that all stay: going through them again and again while they are made takes a
# twentieth of the time of a short command.
gc.set_threshold(250_000, 50, 50)
