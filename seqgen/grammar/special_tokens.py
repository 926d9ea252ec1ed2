"""The two tokens that every vocabulary begins with: the one before a document, and the one after it."""

BOS, EOS = 0, 1
