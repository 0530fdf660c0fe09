"""What a checkpoint learnt from, as its metrics.json tells."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from models.checkpoint_files import METRICS, parsed, read_file
from models.training_set import Indices, TrainingSet


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Part(_Told):
    """A stretch of events, both ends included; epoch ms."""

    first_event_time: int
    last_event_time: int

    def indices(self, data: TrainingSet) -> Indices:
        """Its events among those of a training set."""
        inside = (data.event_times >= self.first_event_time) & (data.event_times <= self.last_event_time)
        found: Indices = inside.nonzero()[0]
        return found


class _Recipe(_Told):
    seed: int


class Lineage(_Told):
    """The events that gave the weights, those that chose the epoch and the calibration, and the recipe."""

    training: Part
    validation: Part
    recipe: _Recipe


def read_lineage(directory: Path) -> Lineage:
    """Of a checkpoint's directory. Raises CheckpointError naming the file and the field."""
    return parsed(directory, METRICS, read_file(directory, METRICS), Lineage)
