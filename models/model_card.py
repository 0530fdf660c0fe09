"""The model card that a checkpoint carries: how it was made, on what, how good it is, and what it is not for."""

from typing import Any

from contracts.times import format_time
from models.encoder import Encoder
from models.recipe import AnyRecipe, Recipe

_CARD = """\
# {name}

Scores one event of an e-commerce platform for fraud and abuse: a BERT over the user's latest {window_events} events
(one position per event, the sum of its fields' embeddings), fused with a branch over {features} features{text}, gives a
calibrated probability. Made by `sealwax train`; loaded by `sealwax run --checkpoint`.

## How it was made
- Network: {layers} layers of {hidden}, {heads} heads, {numeric_hidden} in the numeric branch and the fusion.
{training}
- Vocabulary, bins and scales were learnt on the training events alone. `metrics.json` holds the whole recipe.

{evidence}"""

_TRAINING = """\
- Training: at most {epochs} epochs of AdamW, learning rate {learning_rate}, batches of {batch_size}, seed {seed};
  {rate:.0%} of the legitimate events drawn afresh for each epoch; the epoch with the best average precision on the
  validation events was kept. Scores are corrected for the drawing and calibrated by Platt scaling on the
  validation events."""

_EVIDENCE = """\
## On what
| | events | fraud or abuse | from | to |
|---|---|---|---|---|
{parts}

Features, in order: {names}.

## How good it is, on the validation events
| AUC ROC | average precision | log loss | calibration error |
|---|---|---|---|
| {auc:.4f} | {precision:.4f} | {log_loss:.4f} | {ece:.4f} |

The validation events chose the epoch and the calibration: judge the model on later events before it decides anything.

## Limits
It knows what its training events show: other platforms, countries or currencies need a training of their own. A score
is evidence for a policy, not a verdict on a person.
"""


def model_card(recipe: Recipe, encoder: Encoder, metrics: dict[str, Any]) -> str:
    """The event scorer's card in Markdown, from what `train` knows."""
    return _CARD.format(
        name=recipe.name,
        window_events=encoder.window_events,
        features=len(encoder.features.names),
        text=_own_text(recipe),
        **recipe.model.model_dump(),
        training=training_told(recipe),
        evidence=evidence_told(encoder.features.names, metrics),
    )


def _own_text(recipe: Recipe) -> str:
    if recipe.text is None:
        return ""
    return f" and the frozen {base_name(recipe.text.base)}'s embedding of the event's own text"


def base_name(base: str) -> str:
    """Of a model's directory, or of what it is called on the hub."""
    return base.rstrip("/").rpartition("/")[2]


def training_told(recipe: AnyRecipe) -> str:
    """How the weights were found, an item of a list."""
    return _TRAINING.format(**recipe.training.model_dump(), seed=recipe.seed, rate=recipe.training.negative_rate)


def evidence_told(features: tuple[str, ...], metrics: dict[str, Any]) -> str:
    """On what a model was trained, how good it is, and its limits: the sections that every card ends with."""
    validation = metrics["validation"]
    return _EVIDENCE.format(
        parts="\n".join(_part(name, metrics[name]) for name in ("training", "validation")),
        names=", ".join(f"`{name}`" for name in features),
        auc=validation["roc_auc"],
        precision=validation["average_precision"],
        log_loss=validation["log_loss"],
        ece=validation["expected_calibration_error"],
    )


def _part(name: str, part: dict[str, Any]) -> str:
    first, last = format_time(part["first_event_time"]), format_time(part["last_event_time"])
    return f"| {name} | {part['events']:,} | {part['positives']:,} | {first} | {last} |"
