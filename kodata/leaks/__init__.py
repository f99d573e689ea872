"""Which items of a benchmark stand in a record: word for word, or with spaces, particles, endings or words changed.

Korean items are compared letter by letter (NFKC, lower case, no spaces or punctuation): an item is covered by as many
of its letters as stand in one passage of its own length, in their order. Word n-grams do not see Korean endings, and an
item of which every fifth word is gone has lost most of its sequences of ten letters: more than half of them are left in
one such item of ten, and in three of ten when all particles are changed. English items are covered by their sequences
of eight words. What is too short for either must be a whole instruction, input, or both together.
"""
