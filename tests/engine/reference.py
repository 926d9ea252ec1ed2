"""The LSTM and the windowed attention as the papers write them: float64, one step at a time, gradients by hand."""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(x, W, R, b, resets, h, c):
    """x [T, B, D] …; gives hidden states, cell states [T, B, H] and what the gradient needs."""
    hiddens, cells, tape = [], [], []
    for t in range(len(x)):
        keep = 1.0 - resets[t][:, None]
        z = x[t] @ W + h @ R + b
        i, f, g, o = np.split(z, 4, -1)
        i, f, g, o = sigmoid(i) * keep, sigmoid(f) * keep, np.tanh(g), sigmoid(o) * keep
        new_c = f * c + i * g
        new_h = o * np.tanh(new_c)
        tape.append((x[t], h, c, i, f, g, o, new_c))
        h, c = new_h, new_c
        hiddens.append(h)
        cells.append(c)
    return np.stack(hiddens), np.stack(cells), tape


def lstm_gradients(d_hiddens, d_cells, tape, W, R):
    """Back-propagation through time: the gradients of x, W, R, b, and of the first h and c."""
    dW, dR, db = np.zeros_like(W), np.zeros_like(R), np.zeros(W.shape[1])
    dh, dc, dx = np.zeros_like(d_hiddens[0]), np.zeros_like(d_cells[0]), []
    for t in reversed(range(len(tape))):
        x, h, c, i, f, g, o, new_c = tape[t]
        dh = dh + d_hiddens[t]
        dc = dc + d_cells[t] + dh * o * (1 - np.tanh(new_c) ** 2)
        dz = np.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * np.tanh(new_c) * o * (1 - o)], -1
        )
        dW += x.T @ dz
        dR += h.T @ dz
        db += dz.sum(0)
        dx.append(dz @ W.T)
        dh, dc = dz @ R.T, dc * f
    return np.stack(dx[::-1]), dW, dR, db, dh, dc


def attention(query, key, value, bias, query_document, key_document):
    """Each query by itself, over the positions it may see."""
    steps, batch, width = query.shape
    memory = len(key) - steps
    mixed = np.zeros_like(query)
    for t in range(steps):
        for b in range(batch):
            seen = [s for s in range(t, t + memory + 1) if key_document[s, b] == query_document[t, b]]
            scores = np.array([query[t, b] @ key[s, b] / np.sqrt(width) + bias[t + memory - s] for s in seen])
            weights = np.exp(scores - scores.max())
            mixed[t, b] = (weights / weights.sum()) @ np.stack([value[s, b] for s in seen])
    return mixed
