"""The use cases that join domain, corpus and engine: build, train, load, sample, score, predict, evaluate."""
