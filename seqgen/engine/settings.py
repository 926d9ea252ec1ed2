"""Every setting of a model and of its training, and the sizes that set several of them at once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from seqgen.engine.cells.registry import cell_names

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"hidden_size": 64, "num_layers": 1},
    "small": {"hidden_size": 256, "num_layers": 2},
    "medium": {"hidden_size": 512, "num_layers": 2},
    "large": {"hidden_size": 1024, "num_layers": 3},
}


class ModelSettings(BaseModel):
    """The architecture of a model. With a vocabulary and a grammar it determines the shape of every weight."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cell: str = Field("lstm", description=f"recurrent cell: {', '.join(cell_names())}")
    hidden_size: int = Field(256, ge=8, le=8192, description="units of every recurrent layer and of every embedding")
    num_layers: int = Field(2, ge=1, le=16, description="number of recurrent layers")
    spectral_radius: float = Field(0.95, gt=0, le=10, description="of the fixed recurrent matrix of cell 'echo'")
    attention_window: int = Field(0, ge=0, le=4096, description="number of past positions that attention sees; 0: none")
    attention_size: int = Field(64, ge=1, le=1024, description="size of every query, key and value")
    feed_forward_size: int = Field(0, ge=0, le=32768, description="hidden units of the feed-forward layer; 0: none")
    state_embedding: bool = Field(True, description="add an embedding of the grammar's state to the input")
    coordinates: bool = Field(
        False, description="hear differences between tokens (such as intervals), where the domain has coordinates"
    )
    condition_size: int = Field(
        0, ge=0, le=1024, description="units of the layer that reads what is known ahead (such as the key); 0: none"
    )
    forget_bias: float = Field(1.0, ge=-20, le=20, description="initial bias of forget gates; higher remembers longer")
    recurrent_initializer: Literal["orthogonal", "normal"] = Field("orthogonal", description="of recurrent matrices")

    @field_validator("cell")
    @classmethod
    def _is_registered(cls, name: str) -> str:
        if name not in cell_names():
            names = ", ".join(cell_names())
            raise ValueError(f"the cells are {names}")
        return name


class TrainingSettings(BaseModel):
    """How a model is trained."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    batch_size: int = Field(16, ge=1, le=4096, description="streams of documents that are read in parallel (B)")
    bptt_length: int = Field(64, ge=1, le=4096, description="steps of truncated back-propagation through time (T)")
    random_bptt_length: bool = Field(False, description="draw the length of each segment around bptt_length (AWD-LSTM)")
    learning_rate: float = Field(3e-3, gt=0, le=1, description="highest learning rate of the schedule")
    learning_rate_schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="decay after warm-up")
    warmup_steps: int = Field(100, ge=0, description="steps in which the learning rate rises from 0")
    final_learning_rate_ratio: float = Field(0.01, ge=0, le=1, description="last learning rate / learning_rate")
    gradient_accumulation_steps: int = Field(1, ge=1, le=4096, description="steps whose mean gradient makes one update")
    average_every: int = Field(
        0, ge=0, le=10_000, description="steps between averages of the workers' weights; 0: sum gradients at each step"
    )
    ema_decay: float = Field(
        0.0, ge=0, lt=1, description="decay of the exponential moving average of weights that is kept; 0: off"
    )
    dropout: float = Field(0.2, ge=0, lt=1, description="dropout rate of all embeddings and of each layer's output")
    dropout_mask: Literal["per_step", "locked"] = Field(
        "per_step", description="a new mask at each step, or one for all steps of a segment (variational dropout)"
    )
    token_dropout: float = Field(0.0, ge=0, lt=1, description="rate of input tokens that are hidden (word dropout)")
    weight_drop: float = Field(0.0, ge=0, lt=1, description="DropConnect rate of recurrent matrices")
    activation_regularization: float = Field(0.0, ge=0, description="AR: weight of the last layer's mean square output")
    temporal_activation_regularization: float = Field(
        0.0, ge=0, description="TAR: weight of the mean square change of that output from step to step"
    )
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW's weight decay of matrices")
    gradient_clip_value: float = Field(0.0, ge=0, description="largest absolute value in a gradient; 0: no limit")
    gradient_clip_norm: float = Field(1.0, gt=0, description="largest norm of all gradients together")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of large products in recurrent layers")
    num_evaluations: int = Field(20, ge=1, le=1000, description="number of held-out evaluations in a run")
    early_stopping_patience: int = Field(0, ge=0, description="evaluations without improvement until a stop; 0: never")
    seed: int = Field(0, ge=0, lt=2**31, description="of the initial weights, the order of documents, and dropout")
