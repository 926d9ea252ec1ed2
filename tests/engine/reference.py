"""The recurrent cells and the windowed attention as the papers write them: float64, one step at a time."""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


ABSENT = {("i", "nig"), ("f", "nfg"), ("o", "nog"), ("f", "coupled")}


def columns(weights: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """The blocks of a matrix or bias, one for each gate or candidate."""
    return dict(zip(names, np.split(weights, len(names), -1), strict=True))


def lstm_step(x, h, c, gates_before, parts, *, peephole=True, variant=""):
    """Greff et al. (2017), section II-A, and the variants of section III; `gates_before` for FGR."""
    names = [gate for gate in ("i", "f", "o") if (gate, variant) not in ABSENT]
    W, R, b = (columns(parts[name], [*names, "g"]) for name in ("input_weights", "recurrent_weights", "bias"))
    p = columns(parts["peepholes"], names) if peephole else dict.fromkeys(names, 0.0)

    def net(name):
        return x @ W[name] + h @ R[name] + b[name]

    def gate(name, cell):
        if name not in names:
            return np.ones_like(c)
        from_gates = 0.0
        if variant == "fgr":
            from_gates = np.concatenate(gates_before, -1) @ columns(parts["gate_weights"], names)[name]
        return sigmoid(net(name) + p[name] * cell + from_gates)

    i = gate("i", c)
    f = 1 - i if variant == "coupled" else gate("f", c)
    g = net("g") if variant == "niaf" else np.tanh(net("g"))
    c = f * c + i * g
    o = gate("o", c)
    h = o * (c if variant == "noaf" else np.tanh(c))
    return h, c, [i, f, o]


def plain_lstm_parts(parts):
    """The engine's own LSTM has its blocks in the order i f g o; the paper's come here as i f o g."""
    order = [0, 1, 3, 2]
    return {name: np.concatenate([np.split(value, 4, -1)[k] for k in order], -1) for name, value in parts.items()}


def gru_step(x, h, parts):
    """Cho et al. (2014), with the reset gate after the product."""
    W, R, b = (columns(parts[name], ["r", "u", "n"]) for name in ("input_weights", "recurrent_weights", "bias"))
    r, u = (sigmoid(x @ W[name] + h @ R[name] + b[name]) for name in "ru")
    n = np.tanh(x @ W["n"] + b["n"] + r * (h @ R["n"] + parts["recurrent_bias"]))
    return (1 - u) * n + u * h


def recurrence(cell, x, parts, resets, h, carried):
    """Any cell over x [T, B, D], float64; carried [B, C·H] as the engine lays it out. Gives all h, the last carried."""
    units, hiddens = h.shape[-1], []
    c = carried[:, :units]
    gates = np.split(carried[:, units:], 3, -1) if cell == "fgr" else []
    for t in range(len(x)):
        keep = 1.0 - resets[t][:, None]
        if cell in ("rnn", "echo"):
            h = np.tanh(x[t] @ parts["input_weights"] + h @ parts["recurrent_weights"] + parts["bias"])
        elif cell == "gru":
            h = gru_step(x[t], h, parts)
        elif cell == "lstm":
            h, c, _ = lstm_step(x[t], h, c, [], plain_lstm_parts(parts), peephole=False)
        else:
            h, c, gates = lstm_step(x[t], h, c, gates, parts, variant="" if cell == "peephole" else cell)
        h, c, gates = h * keep, c * keep, [gate * keep for gate in gates]
        hiddens.append(h)
    return np.stack(hiddens), np.concatenate([c, *gates], -1) if cell == "fgr" else c


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
