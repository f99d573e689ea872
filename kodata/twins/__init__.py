"""Which texts say nearly the same: sets of character n-grams, and all pairs of texts that share enough of them."""
