"""Commands: thin. They read options, call the composition root, and print. Heavy imports happen inside the commands."""
