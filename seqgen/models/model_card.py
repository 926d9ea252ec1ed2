"""The model card: the README.md of a bundle, with what people should know before they use the model."""

from __future__ import annotations

from typing import Any

from seqgen.contract.capabilities import Defaults
from seqgen.contract.domain import Domain
from seqgen.corpus.storage.store import Corpus


def model_card(config: dict[str, Any], domain: Domain[Any], corpus: Corpus, parameter_count: int) -> str:
    """Returns the card as Markdown.

    config: the content of the bundle's config.json
    corpus: the corpus that the model was trained on
    """
    recipe, result, splits = corpus.manifest["recipe"], config["result"], corpus.manifest["splits"]
    data = f"the recipe `{recipe['name']}`: {recipe['description']}" if recipe else "files of the person who trained it"
    licence = recipe["licence"] if recipe else "not known; ask the person who trained the model"
    defaults = domain.defaults or Defaults()
    recommended = {**defaults.sampling(), **defaults.constraints({})}
    sampling = ", ".join(f"{name}={value}" for name, value in recommended.items())
    sampling = sampling or "the model's distribution as it is"
    settings = "\n".join(f"- {name}: {value}" for name, value in config["model"].items())
    return f"""# A seqgen model of the domain `{domain.name}`

    seqgen sample THIS_FOLDER -o out

- **Training data**: {data}
  ({splits["train"]["documents"]} documents, {splits["train"]["tokens"]} tokens)
- **Licence of the data**: {licence}
- **Likelihood**: {result["held_out_nats"]:.4f} nats a {domain.unit} on the validation split
  ({splits["valid"]["documents"]} documents that the model was not trained on), at step {result["step"]}
- **Size**: {parameter_count} parameters
- **Sampling**: {sampling}

## Settings of the model

{settings}
"""
