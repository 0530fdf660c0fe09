"""The model card of a text scorer's checkpoint."""

from typing import Any, Final

from models.model_card import base_name, evidence_told, training_told
from models.recipe import TextRecipe
from models.text.settings import TextSettings

_CARD: Final = """\
# {name}

Scores one event of an e-commerce platform for fraud and abuse: the user's latest {window_events} events and what is
unusual about {features} features, told as {language}, are read by a fine-tuned {base}; its logit is calibrated to a
probability. Made by `sealwax train`; loaded by `sealwax run --checkpoint`, and by transformers, which knows nothing of
the prose and the calibration.

## How it was made
- Base model: {base}, with a new head{frozen}; texts of at most {max_tokens} tokens.
{training}
- What is unusual, and which names are told, was learnt on the training events alone. `metrics.json` holds the whole
  recipe.

{evidence}"""

_LANGUAGES: Final = {"en": "English text", "zh": "Chinese text"}


def text_model_card(recipe: TextRecipe, settings: TextSettings, metrics: dict[str, Any]) -> str:
    """The card in Markdown, from what `train_text` knows."""
    model = recipe.model
    return _CARD.format(
        name=recipe.name,
        window_events=settings.window_events,
        features=len(settings.features.names),
        language=_LANGUAGES[model.language],
        base=base_name(model.base),
        frozen=f", its embeddings and first {model.frozen_layers} layers left as they were"
        if model.frozen_layers
        else "",
        max_tokens=model.max_tokens,
        training=training_told(recipe),
        evidence=evidence_told(settings.features.names, metrics),
    )
