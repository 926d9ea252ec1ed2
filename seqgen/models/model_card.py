"""The README.md of a bundle: what a person should know of a model before using it."""

from __future__ import annotations

from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.storage.store import Corpus


def model_card(config: dict[str, Any], domain: Domain[Any], corpus: Corpus, parameters: int) -> str:
    """Markdown, from a bundle's config and the corpus that it was trained on."""
    recipe, result, splits = corpus.manifest["recipe"], config["result"], corpus.manifest["splits"]
    origin = f"the recipe `{recipe['name']}`: {recipe['description']}" if recipe else "the trainer's own files"
    licence = recipe["licence"] if recipe else "not known; ask whoever trained it"
    model = "\n".join(f"- {name}: {value}" for name, value in config["model"].items())
    return f"""# A seqgen model of the domain `{domain.name}`

Sample from it with `seqgen sample THIS_FOLDER -o out`.

- **Learned from** {origin}
  ({splits["train"]["documents"]} documents, {splits["train"]["tokens"]} tokens)
- **Licence of the data**: {licence}
- **Held-out likelihood**: {result["held_out_nats"]:.4f} nats a {domain.unit}, over {splits["valid"]["documents"]}
  documents that were not trained on, after {result["step"]} steps
- **Size**: {parameters} parameters

## Settings of the model

{model}
"""
