"""The event scorer on one core: from scoring inputs in memory to scores, against a plain BertModel of the same shape.

    python -m benchmarks.scoring [--events 16] [--checkpoint DIRECTORY]

Bar 6,000 scores/s for 16 events at batch 64, aim 12,000. The baseline is given its input embeddings ready made;
the scorer is timed with everything it does. CPU time of one thread, both taken turn by turn, the median of the repeats;
once with the allocator's defaults and once as `sealwax run` sets it. Without --checkpoint the network has the default
recipe's shape and random weights, which cost the same.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertModel

from contracts.events import Event
from contracts.scoring import ScoringInput, window_row
from models.checkpoint import load_checkpoint
from models.encoder import Encoder
from models.event_scorer import EventScorer
from models.network import EventNetwork
from models.recipe import ModelShape
from models.training import network_config
from models.training_set import TrainingSet

ALLOCATOR = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}
"""What the flow's processes are started with."""

BATCHES = (1, 8, 64, 256)
INPUTS = 1_024
FEATURES = 15
REPEATS = 9
NAMES = {"plain": "plain BertModel", "default": "scorer, malloc's defaults", "set": "scorer, as run sets malloc"}


def main() -> None:
    """Measure in two processes, whose allocators differ, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=16, help="events in each window")
    parser.add_argument("--checkpoint", type=Path, help="a trained checkpoint to measure instead")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(options.events, options.checkpoint)))  # noqa: T201
        return
    figures = {"default": in_process(None), "set": in_process(ALLOCATOR)}
    table = Table("batch", *NAMES.values(), "ratio", title=f"scores/s, {options.events} events; {machine()}")
    for batch in map(str, BATCHES):
        plain = figures["set"]["plain"][batch]
        default, tuned = figures["default"]["scorer"][batch], figures["set"]["scorer"][batch]
        table.add_row(batch, f"{plain:,.0f}", f"{default:,.0f}", f"{tuned:,.0f}", f"{tuned / plain:.2f}")
    Console(width=130).print(table)


def in_process(allocator: dict[str, str] | None) -> dict[str, dict[str, float]]:
    """Scores a second by "plain" and "scorer" and by batch size, in a new process with these allocator settings."""
    command = [sys.executable, "-m", "benchmarks.scoring", "--worker", *sys.argv[1:]]
    done = subprocess.run(command, env=os.environ | (allocator or {}), stdout=subprocess.PIPE, check=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def measure(events: int, checkpoint: Path | None) -> dict[str, dict[int, float]]:
    """Scores a second, on one thread, of the baseline and the scorer."""
    torch.set_num_threads(1)
    if checkpoint is None:
        inputs = scoring_inputs(events, FEATURES)
        scorer, config = untrained(inputs, events)
    else:
        scorer, config = load_checkpoint(checkpoint, device="cpu"), BertConfig.from_pretrained(checkpoint)
        inputs = scoring_inputs(events, len(scorer.feature_names))
    figures: dict[str, dict[int, float]] = {"plain": {}, "scorer": {}}
    for size in BATCHES:
        batches = [inputs[start : start + size] for start in range(0, min(INPUTS, 64 * size), size)]
        plain = repeated(baseline(config, size, events), len(batches))
        for name, seconds in timed({"plain": plain, "scorer": partial(score_all, scorer, batches)}).items():
            figures[name][size] = len(batches) * size / seconds
    return figures


def repeated(run: Callable[[], object], times: int) -> Callable[[], None]:
    """The same, so many times."""

    def runs() -> None:
        for _ in range(times):
            run()

    return runs


def score_all(scorer: EventScorer, batches: list[list[ScoringInput]]) -> None:
    """One batch after another."""
    for batch in batches:
        scorer.score(batch)


def timed(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turn so that a busy moment meets all."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(REPEATS + 1):
        for name, run in runs.items():
            started = time.process_time()
            run()
            if repeat:
                taken[name].append(time.process_time() - started)
    return {name: median(times) for name, times in taken.items()}


def baseline(config: BertConfig, batch: int, events: int) -> Callable[[], object]:
    """A plain BertModel over embeddings that are there already."""
    module = BertModel(config, add_pooling_layer=False)
    module.train(False)
    positions = torch.randn(batch, events, config.hidden_size)

    @torch.inference_mode()
    def run() -> object:
        return module(inputs_embeds=positions)

    return run


def scoring_inputs(events: int, features: int) -> list[ScoringInput]:
    """Plausible windows of payments, and vectors of numbers."""
    dice = random.Random(1)

    def window() -> bytes:
        times = sorted(dice.randrange(1_525_132_800_000, 1_530_403_200_000) for _ in range(events))
        return b"".join(
            window_row(
                Event(
                    "e", "payment", moment, "u", amount=dice.randrange(10_000_000), merchant_id=str(dice.randrange(9)),
                    device_id=str(dice.randrange(3)), card_id="c", country=dice.choice("ABC"), outcome="approved",
                )
            )
            for moment in times
        )  # fmt: skip

    return [ScoringInput(tuple(dice.expovariate(0.1) for _ in range(features)), window()) for _ in range(INPUTS)]


def untrained(inputs: list[ScoringInput], events: int) -> tuple[EventScorer, BertConfig]:
    """A scorer of the default shape whose encoder knows the inputs, and its configuration."""
    windows = np.frombuffer(b"".join(one.window for one in inputs), np.uint8).reshape(len(inputs), -1)
    labels = (np.arange(len(inputs)) % 2).astype(np.uint8)
    data = TrainingSet(
        feature_names=tuple(f"f{i}" for i in range(FEATURES)),
        features=np.array([one.features for one in inputs], np.float32),
        windows=windows,
        lengths=np.full(len(inputs), events, np.int64),
        labels=labels,
        event_times=np.zeros(len(inputs), np.int64),
        event_ids=(),
        user_ids=(),
    )
    shape = ModelShape()
    encoder = Encoder.fit(data, np.arange(len(inputs)), shape.feature_pieces, seed=1)
    config = network_config(encoder, shape)
    return EventScorer(EventNetwork(config), encoder, "untrained", torch.device("cpu")), config


def machine() -> str:
    """The machine and how busy it was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "an unknown processor")
    busy = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    return f"{model}, {busy}, Python {platform.python_version()}, torch {torch.__version__}"


if __name__ == "__main__":
    main()
