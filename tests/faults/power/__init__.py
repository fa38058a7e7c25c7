"""A disk that forgets all that was not synchronised, under the real store, and cuts at every moment."""
