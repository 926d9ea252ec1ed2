"""The recurrent cells, the windowed attention and the model as the papers write them: float64, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seqgen.grammar import BOS


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


Step = Callable[[np.ndarray, np.ndarray, np.ndarray, Mapping[str, np.ndarray]], tuple[np.ndarray, np.ndarray]]
"""A step of a cell: x_t [B, H], h_{t-1} [B, H], c_{t-1} [B, C·H] and weights by name give h_t and c_t."""
ABSENT_GATES = {("i", "nig"), ("f", "nfg"), ("o", "nog"), ("f", "coupled")}


def blocks(weights: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns of a matrix or bias by gate or candidate."""
    return dict(zip(names, np.split(weights, len(names), -1), strict=True))


def rnn_step(x, h, c, weights):
    """Elman (1990)."""
    return np.tanh(x @ weights["input_weights"] + h @ weights["recurrent_weights"] + weights["bias"]), c


def gru_step(x, h, c, weights):
    """Cho et al. (2014), with the reset gate after the product."""
    W, R, b = (blocks(weights[name], "run") for name in ("input_weights", "recurrent_weights", "bias"))
    r, u = (sigmoid(x @ W[name] + h @ R[name] + b[name]) for name in "ru")
    n = np.tanh(x @ W["n"] + b["n"] + r * (h @ R["n"] + weights["recurrent_bias"]))
    return (1 - u) * n + u * h, c


def lstm_step(x, h, c, weights):
    """Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000); blocks in the order i f g o."""
    h, c, _ = lstm_gates(x, h, c, weights)
    return h, c


def lstm_gates(x, h, c, weights):
    """h, c, and the gates i, f, o of `lstm_step`."""
    W, R, b = (blocks(weights[name], "ifgo") for name in ("input_weights", "recurrent_weights", "bias"))
    z = {name: x @ W[name] + h @ R[name] + b[name] for name in "ifgo"}
    i, f, o = (sigmoid(z[name]) for name in "ifo")
    c = f * c + i * np.tanh(z["g"])
    return o * np.tanh(c), c, [i, f, o]


def lstm_variant_step(variant: str) -> Step:
    """Greff et al. (2017), section II-A, and the variants of section III; "peephole" is the first."""
    names = [gate for gate in "ifo" if (gate, variant) not in ABSENT_GATES]

    def step(x, h, c, weights):
        W, R, b = (blocks(weights[name], [*names, "g"]) for name in ("input_weights", "recurrent_weights", "bias"))
        p, size = blocks(weights["peepholes"], names), h.shape[-1]
        c, gates_before = c[:, :size], c[:, size:]

        def net(name):
            return x @ W[name] + h @ R[name] + b[name]

        def gate(name, cell_state):
            if name not in names:
                return np.ones_like(c)
            from_gates = gates_before @ blocks(weights["gate_weights"], names)[name] if variant == "fgr" else 0.0
            return sigmoid(net(name) + p[name] * cell_state + from_gates)

        i = gate("i", c)
        f = 1 - i if variant == "coupled" else gate("f", c)
        g = net("g") if variant == "niaf" else np.tanh(net("g"))
        c = f * c + i * g
        o = gate("o", c)
        h = o * (c if variant == "noaf" else np.tanh(c))
        return h, np.concatenate([c, i, f, o], -1) if variant == "fgr" else c

    return step


LSTM_VARIANTS = ("peephole", "coupled", "nig", "nfg", "nog", "niaf", "noaf", "fgr")
STEPS: dict[str, Step] = {
    "lstm": lstm_step,
    "gru": gru_step,
    "rnn": rnn_step,
    "echo": rnn_step,
    **{variant: lstm_variant_step(variant) for variant in LSTM_VARIANTS},
}


def recurrence(step: Step, x, weights, resets, h, c, perturbations=None):
    """A cell over x [T, B, H], in float64. All h [T, B, H] and the last c [B, C·H].

    Each h is moved by its perturbation [T, B, H].
    """
    hiddens = []
    for t in range(len(x)):
        h, c = step(x[t], h, c, weights)
        h = h if perturbations is None else h + perturbations[t]
        keep = 1.0 - resets[t][:, None]
        h, c = h * keep, c * keep
        hiddens.append(h)
    return np.stack(hiddens), c


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
    weights = model.numpy_weights()
    tables = [weights["embedding"][ids]]
    if "state_embedding" in weights:
        tables.append(weights["state_embedding"][model.grammar.state_class[model.grammar.unroll(ids)]])
    return [table.astype(float) for table in tables]


def layer_input(model, ids, hiddens):
    """What layer N of a model reads, given the hidden states [n, N, H] of those below it."""
    gain, tables = model.numpy_weights()[f"recurrence_{hiddens.shape[1]}/norm"], embeddings(model, ids)
    if hiddens.shape[1] == 0:
        return sum(rms_norm(table, gain) for table in tables)
    return rms_norm(sum(tables) + hiddens.sum(1), gain)


def hidden_states(model, ids, perturbations=None):
    """[n, N, H] of all layers; each is moved by its perturbation [n, N, H]."""
    settings, resets = model.settings, (ids == BOS)[:, None]
    hiddens = np.zeros((len(ids), 0, settings.hidden_size))
    for layer in range(settings.num_layers):
        of_layer = model.layer_weights(layer, model.weights)
        weights = {name: value.numpy().astype(float) for name, value in of_layer.items()}
        h, c = (np.zeros((1, size * settings.hidden_size)) for size in (1, model.cell.cell_state_blocks))
        perturbation = None if perturbations is None else perturbations[:, layer, None]
        x = layer_input(model, ids, hiddens)[:, None]
        of_layer, _ = recurrence(STEPS[settings.cell], x, weights, resets, h, c, perturbation)
        hiddens = np.concatenate([hiddens, of_layer], 1)
    return hiddens


def probabilities(model, ids, hiddens):
    """p [n, V] of the token after each of ids, from the hidden states [n, N, H] of all layers."""
    weights = {name: value.astype(float) for name, value in model.numpy_weights().items()}
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
