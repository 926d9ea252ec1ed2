"""Everything about a model and its training that can be set, with the sizes that set it all at once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Cell = Literal["lstm", "peephole", "coupled", "gru", "rnn", "echo", "nig", "nfg", "nog", "niaf", "noaf", "fgr"]
SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"width": 64, "layers": 1},
    "small": {"width": 256, "layers": 2},
    "medium": {"width": 512, "layers": 2},
    "large": {"width": 1024, "layers": 3},
}


class ModelSettings(BaseModel):
    """The shape of a model; with a vocabulary and a grammar it fixes every weight's shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cell: Cell = Field("lstm", description="the recurrence: lstm, a variant of it, gru, rnn or echo")
    width: int = Field(256, ge=8, le=8192, description="units in every layer and numbers in every embedding")
    layers: int = Field(2, ge=1, le=16, description="recurrent layers, one on top of the other")
    spectral_radius: float = Field(0.95, gt=0, le=10, description="of the fixed recurrent matrix of cell 'echo'")
    attention_memory: int = Field(0, ge=0, le=4096, description="how many positions back attention looks; 0 is none")
    attention_width: int = Field(64, ge=1, le=1024, description="numbers in every query, key and value")
    feed_forward: int = Field(0, ge=0, le=32768, description="hidden units of the feed-forward layer; 0 is none")
    grammar_state: bool = Field(True, description="tell the model the state of the domain's grammar")
    forget_bias: float = Field(1.0, ge=-20, le=20, description="the forget gates' first bias; higher remembers longer")
    recurrent_start: Literal["orthogonal", "normal"] = Field("orthogonal", description="the first recurrent matrices")


class TrainingSettings(BaseModel):
    """How a model is trained."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    streams: int = Field(16, ge=1, le=4096, description="documents read side by side (the batch size B)")
    segment: int = Field(64, ge=1, le=4096, description="steps before gradients are cut (T)")
    vary_segment: bool = Field(False, description="draw each segment's length around `segment`, as AWD-LSTM does")
    learning_rate: float = Field(3e-3, gt=0, le=1, description="the highest rate of the schedule")
    schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="how the rate falls after warm-up")
    warm_up: int = Field(100, ge=0, description="steps in which the rate rises from 0")
    final_rate: float = Field(0.01, ge=0, le=1, description="the last rate, as a share of the highest")
    accumulate: int = Field(1, ge=1, le=4096, description="steps whose gradients are averaged into one update")
    average: float = Field(
        0.0, ge=0, lt=1, description="decay of the averaged weights, which are judged and kept; 0 off"
    )
    dropout: float = Field(0.2, ge=0, lt=1, description="share of each layer's output, and of the embeddings, left out")
    dropout_kind: Literal["each_step", "locked"] = Field(
        "each_step", description="draw what is left out at each step, or once a segment and stream (variational)"
    )
    token_dropout: float = Field(0.0, ge=0, lt=1, description="share of tokens that are read as nothing (word dropout)")
    weight_drop: float = Field(0.0, ge=0, lt=1, description="share of recurrent weights left out in each segment")
    activation_penalty: float = Field(0.0, ge=0, description="AR: times the mean square of the last layer's output")
    change_penalty: float = Field(0.0, ge=0, description="TAR: times the mean square of its change from step to step")
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW's decay of matrices")
    clip_value: float = Field(0.0, ge=0, description="the largest that any one number of a gradient may be; 0 is any")
    clip_norm: float = Field(1.0, gt=0, description="the longest that all gradients together may be")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of recurrent layers' large products")
    evaluations: int = Field(20, ge=1, le=1000, description="how often held-out data is looked at in a run")
    patience: int = Field(0, ge=0, description="evaluations without a better one that end the run; 0 is never")
    seed: int = Field(0, ge=0, lt=2**31, description="of the first weights, the order of documents, and dropout")
