"""What masked-event pre-training is worth: event scorers of a simulated shop with and without it.

    python -m benchmarks.pretraining

Learnt from 18 days of 1,500 users; 7 later ones judge, after 3 of waiting for labels. The default recipe but for the
share of legitimate events, which is the shop's.
"""

import argparse
from typing import Final

import torch
from rich.console import Console

from benchmarks.shop_contest import RECIPE, contest, past_and_later
from models.recipe import Pretraining

USERS: Final = 1_500
RECIPES: Final = {
    "training alone": RECIPE,
    "3 epochs of pre-training first": RECIPE.model_copy(update={"pretraining": Pretraining(epochs=3)}),
}


def main() -> None:
    """Train, judge, and print a table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    past, later = past_and_later(USERS)
    console = Console(width=150)
    console.print(contest("", RECIPES, past, later))
    console.print(f"{len(past):,} events, {past.labels.sum()} abusive; judged by {len(later):,}, {later.labels.sum()}")


if __name__ == "__main__":
    main()
