"""The `event` scorer's network: a BERT over the window's events, fused with a branch over the features."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertConfig, BertModel

from models.event_fields import VALUES
from models.summary import summarise


class EventNetwork(nn.Module):
    """Events' field ids and values, and a feature vector's numbers, to the logit of risk.

    The fields' embeddings are BERT's word embeddings: a position is the sum of its fields'.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        hidden, dropout = config.hidden_size, config.hidden_dropout_prob
        self.config = config
        self.bert = BertModel(config, add_pooling_layer=False)
        self.values = nn.Linear(VALUES, hidden, bias=False)
        self.numeric = nn.Sequential(
            nn.Linear(config.numeric_width, config.numeric_hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.fusion = nn.Sequential(
            nn.Linear(hidden + config.numeric_hidden, config.numeric_hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(config.numeric_hidden, 1)
        self.calibration = nn.Buffer(torch.tensor([1.0, 0.0]))
        """Slope and offset from the logit to the calibrated logit."""

    @property
    def fields(self) -> nn.Embedding:
        """The table of all fields' embeddings."""
        return self.bert.embeddings.word_embeddings

    def positions(self, ids: Tensor, values: Tensor) -> Tensor:
        """Input embeddings [batch, length, hidden] of ids [batch, length, fields] and values [..., VALUES]."""
        embedded = F.embedding_bag(ids.flatten(0, 1), self.fields.weight, mode="sum")
        return embedded.addmm_(values.flatten(0, 1), self.values.weight.t()).view(*ids.shape[:2], -1)

    def decide(self, summary: Tensor, features: Tensor) -> Tensor:
        """Logits [batch] of summaries [batch, hidden] and the numeric branch's output [batch, numeric_hidden]."""
        return cast(Tensor, self.head(self.fusion(torch.cat((summary, features), dim=1)))).squeeze(1)

    def probability(self, logits: Tensor) -> Tensor:
        """Calibrated probabilities, in [0, 1], of logits."""
        slope, offset = self.calibration
        return torch.sigmoid(slope * logits + offset)

    def forward(self, ids: Tensor, values: Tensor, numbers: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits [batch]; the mask [batch, length] is 1 for events and 0 for padding, None where there is none."""
        return self.decide(summarise(self.bert, self.positions(ids, values), mask), self.numeric(numbers))
