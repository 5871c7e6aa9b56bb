"""Inner loops of the search, compiled where there is a compiler."""
