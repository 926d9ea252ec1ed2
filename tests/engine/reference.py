"""The recurrent cells, the windowed attention and the model as the papers write them: float64, one step at a time."""

from __future__ import annotations

import numpy as np

from seqgen.grammar import BOS


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


def recurrence(cell, x, parts, resets, h, carried, nudges=None):
    """Any cell over x [T, B, D], float64; carried [B, C·H] as the engine lays it out. Gives all h, the last carried.

    Each h is moved by its nudge [T, B, H].
    """
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
        h = h if nudges is None else h + nudges[t]
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


def rms_norm(x, gain):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * gain


def embeddings(model, ids):
    """What the first layer reads: [n, H] of the tokens, and of the grammar's states where the model is told them."""
    weights = model.numpy()
    tables = [weights["embedding"][ids]]
    if "state_embedding" in weights:
        tables.append(weights["state_embedding"][model.grammar.state_class[model.grammar.unroll(ids)]])
    return [table.astype(float) for table in tables]


def layer_input(model, ids, hiddens):
    """What layer N of a model reads, given the hidden states [n, N, H] of those below it."""
    gain, tables = model.numpy()[f"recurrence_{hiddens.shape[1]}/norm"], embeddings(model, ids)
    if hiddens.shape[1] == 0:
        return sum(rms_norm(table, gain) for table in tables)
    return rms_norm(sum(tables) + hiddens.sum(1), gain)


def hidden_states(model, ids, nudges=None):
    """[n, N, H] of all layers; each is moved by its nudge [n, N, H]."""
    settings, resets = model.settings, (ids == BOS)[:, None]
    hiddens = np.zeros((len(ids), 0, settings.hidden_size))
    for layer in range(settings.num_layers):
        parts = {part: value.numpy().astype(float) for part, value in model.layer(layer, model.weights).items()}
        first = np.zeros((1, settings.hidden_size)), np.zeros((1, max(1, model.cell.carried) * settings.hidden_size))
        nudge = None if nudges is None else nudges[:, layer, None]
        x = layer_input(model, ids, hiddens)[:, None]
        hiddens = np.concatenate([hiddens, recurrence(settings.cell, x, parts, resets, *first, nudge)[0]], 1)
    return hiddens


def probabilities(model, ids, hiddens):
    """p [n, V] of the token after each of ids, from the hidden states [n, N, H] of all layers."""
    weights = {name: value.astype(float) for name, value in model.numpy().items()}
    x = sum(embeddings(model, ids)) + hiddens.sum(1)
    if memory := model.settings.attention_window:
        projected = rms_norm(x, weights["attention/norm"]) @ weights["attention/query_key_value"]
        query, key, value = np.split(projected[:, None], 3, -1)
        key, value = (np.pad(rows, ((memory, 0), (0, 0), (0, 0))) for rows in (key, value))
        documents = np.cumsum(ids == BOS)[:, None]
        before = np.pad(documents, ((memory, 0), (0, 0)), constant_values=-1)
        mixed = attention(query, key, value, weights["attention/distance_bias"], documents, before)
        x = x + mixed[:, 0] @ weights["attention/output"]
    if model.settings.feed_forward_size:
        up = rms_norm(x, weights["feed_forward/norm"]) @ weights["feed_forward/up"] + weights["feed_forward/up_bias"]
        x = x + np.maximum(up, 0) @ weights["feed_forward/down"]
    logits = rms_norm(x, weights["output/norm"]) @ weights["embedding"].T + weights["output/bias"]
    likelihood = np.exp(logits - logits.max(1, keepdims=True)) * model.grammar.allowed[model.grammar.unroll(ids)]
    return likelihood / likelihood.sum(1, keepdims=True)
