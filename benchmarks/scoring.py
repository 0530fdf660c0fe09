"""The event scorer on one core: from scoring inputs in memory to scores, beside BertModel as it comes.

    python -m benchmarks.scoring [--checkpoint DIRECTORY] [--precision bfloat16]

Bar 6,000 scores/s for 16 events at batch 64, aim 12,000, and twice plain BertModel. The scorer is timed with everything
that it does. Beside it stand BertModel alone, given its embeddings ready made, and the same model served plainly: its
windows encoded and padded to the longest, the module as it comes, its head. CPU time of one thread, all taken turn by
turn, the median of the repeats, with the allocator as `sealwax run` sets it. Without --checkpoint the network has the
default recipe's shape and random weights, which cost the same. --precision is the scorer's alone.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig

from benchmarks.machine import machine
from contracts.events import Event
from contracts.scoring import ROW_SIZE, Precision, ScoringInput, window_row
from dataflows.processes import ENVIRONMENT
from models.checkpoint import load_checkpoint
from models.encoder import Encoder
from models.event_fields import unpack_rows
from models.event_scorer import EventScorer
from models.inputs import Inputs
from models.network import EventNetwork
from models.recipe import ModelShape
from models.training import network_config
from models.training_set import TrainingSet

INPUTS: Final = 512
FEATURES: Final = 15
REPEATS: Final = 7
LONGEST: Final = 64
_CEILING: Final = 1_024
"""Rows and columns of the matrices whose product shows what the machine can do."""


class Case(NamedTuple):
    """How many windows at once, and the least and the most events of each."""

    batch: int
    shortest: int
    longest: int

    def __str__(self) -> str:
        events = str(self.longest) if self.shortest == self.longest else f"{self.shortest} to {self.longest}"
        return f"{self.batch} x {events}"


CASES: Final = (
    *(Case(batch, 16, 16) for batch in (1, 8, 64, 256)),
    *(Case(64, events, events) for events in (4, 64)),
    *(Case(batch, 1, 16) for batch in (8, 64, 256)),
)


def main() -> None:
    """Measure each case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="a trained checkpoint to measure instead")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    options = parser.parse_args()
    if not ENVIRONMENT.items() <= os.environ.items():  # glibc reads it before Python starts
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.scoring", *sys.argv[1:]], os.environ | ENVIRONMENT)
    torch.set_num_threads(1)
    scorer = (
        load_checkpoint(options.checkpoint, device="cpu", precision=options.precision)
        if options.checkpoint
        else untrained(options.precision)
    )
    ceiling = gemm_ceiling()
    columns = ("windows x events", "BertModel alone", "served plainly", "scorer", "times alone", "times plainly")
    title = f"scores/s on one core; {machine()}\nGEMM ceiling {ceiling / 1e9:.0f} GFLOP/s"
    table = Table(*columns, "GFLOP/s", "of the ceiling", title=title)
    for case in CASES:
        if case.longest <= scorer.window_events:
            table.add_row(str(case), *measured(scorer, case, ceiling))
    Console(width=130).print(table)


def measured(scorer: EventScorer, case: Case, ceiling: float) -> list[str]:
    """A row's figures."""
    inputs = scoring_inputs(case, len(scorer.feature_names))
    batches = [inputs[start : start + case.batch] for start in range(0, min(INPUTS, 64 * case.batch), case.batch)]
    network, encoder = scorer._network, scorer._encoder
    runs = {
        "alone": [alone(network, batch) for batch in batches],
        "plainly": [partial(plainly, network, encoder, batch) for batch in batches],
        "scorer": [partial(scorer.score, batch) for batch in batches],
    }
    count = sum(map(len, batches))
    rates = {name: count / seconds for name, seconds in timed(runs).items()}
    work = sum(flops(network.config, len(one.window) // ROW_SIZE) for batch in batches for one in batch) / count
    done = rates["scorer"] * work
    return [
        *(f"{rates[name]:,.0f}" for name in runs),
        *(f"{rates['scorer'] / rates[name]:.2f}" for name in ("alone", "plainly")),
        f"{done / 1e9:.0f}",
        f"{done / ceiling:.0%}",
    ]


def timed(runs: dict[str, list[Callable[[], object]]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turn so that a busy moment meets all."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(REPEATS + 1):
        for name, calls in runs.items():
            started = time.process_time()
            for call in calls:
                call()
            if repeat:
                taken[name].append(time.process_time() - started)
    return {name: median(times) for name, times in taken.items()}


def alone(network: EventNetwork, batch: Sequence[ScoringInput]) -> Callable[[], object]:
    """BertModel over embeddings that are there already."""
    lengths = torch.tensor([len(one.window) // ROW_SIZE for one in batch])
    longest = int(lengths.max())
    positions = torch.randn(len(batch), longest, network.config.hidden_size)
    return partial(module, network, positions, mask_of(lengths, longest))


@torch.inference_mode()
def module(network: EventNetwork, positions: torch.Tensor, mask: torch.Tensor | None) -> object:
    """Transformers' own forward."""
    return network.bert(inputs_embeds=positions, attention_mask=mask)


@torch.inference_mode()
def plainly(network: EventNetwork, encoder: Encoder, batch: Sequence[ScoringInput]) -> list[float]:
    """Scores by the network's own modules."""
    longest = max(len(one.window) for one in batch)
    rows = unpack_rows(b"".join([one.window.rjust(longest, b"\0") for one in batch]), longest // ROW_SIZE)
    inputs = Inputs.encoded(encoder, rows, np.array([one.features for one in batch], np.float32))
    lengths = torch.tensor([len(one.window) // ROW_SIZE for one in batch])
    positions = network.positions(inputs.ids, inputs.values)
    encoded = network.bert(inputs_embeds=positions, attention_mask=mask_of(lengths, longest // ROW_SIZE))
    logits = network.decide(encoded.last_hidden_state[:, 0], network.numeric(inputs.numbers))
    scores: list[float] = network.probability(logits).tolist()
    return scores


def mask_of(lengths: torch.Tensor, longest: int) -> torch.Tensor | None:
    """1 for events and 0 for padding; none where there is no padding, which is faster."""
    return None if int(lengths.min()) == longest else (torch.arange(longest) < lengths[:, None]).long()


def flops(config: BertConfig, length: int) -> int:
    """Of the matrix products that a score needs: in the last layer, what the summary's row needs."""
    hidden, head = config.hidden_size, config.numeric_hidden
    row = 4 * hidden * hidden + 2 * hidden * config.intermediate_size
    full = (config.num_hidden_layers - 1) * length * (row + 2 * length * hidden)
    last = row + 2 * length * hidden * config.num_attention_heads
    return 2 * (full + last + (hidden + head + 1) * head)


def gemm_ceiling() -> float:
    """FLOP/s of a product of large matrices, the best of a few."""
    matrix = torch.randn(_CEILING, _CEILING)
    best = min(timed({str(turn): [partial(torch.mm, matrix, matrix)] for turn in range(3)}).values())
    return 2 * _CEILING**3 / best


def scoring_inputs(case: Case, features: int) -> list[ScoringInput]:
    """Plausible windows of payments, and vectors of numbers."""
    dice = random.Random(1)

    def window() -> bytes:
        events = dice.randint(case.shortest, case.longest)
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


def untrained(precision: Precision = "float32") -> EventScorer:
    """A scorer of the default shape whose encoder knows the inputs."""
    inputs = scoring_inputs(Case(1, LONGEST, LONGEST), FEATURES)
    data = TrainingSet(
        feature_names=tuple(f"f{i}" for i in range(FEATURES)),
        features=np.array([one.features for one in inputs], np.float32),
        windows=np.frombuffer(b"".join(one.window for one in inputs), np.uint8).reshape(len(inputs), -1),
        lengths=np.full(len(inputs), LONGEST, np.int64),
        labels=(np.arange(len(inputs)) % 2).astype(np.uint8),
        event_times=np.zeros(len(inputs), np.int64),
        event_ids=(),
        user_ids=(),
    )
    shape = ModelShape()
    encoder = Encoder.fit(data, np.arange(len(inputs)), shape.feature_pieces, seed=1)
    return EventScorer(
        EventNetwork(network_config(encoder, shape)), encoder, "untrained", torch.device("cpu"), precision=precision
    )


if __name__ == "__main__":
    main()
