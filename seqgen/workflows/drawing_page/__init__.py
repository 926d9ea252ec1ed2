"""A page that draws new documents in a browser: the model, its grammar and the program in one file."""
