"""Which word is asked for in which cycle? Traces of one layer, piece by piece, in bounded memory."""
