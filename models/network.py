"""The `event` scorer's network: a BERT over the window's events, fused with a branch over the features."""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertConfig, BertModel

from models.event_fields import VALUES
from models.summary import summarise


class EventNetwork(nn.Module):
    """Events' field ids and values, a feature vector's numbers and a text's embedding, to the logit of risk.

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
        width: int = getattr(config, "text_width", 0)
        self.text = nn.Linear(width, config.numeric_hidden, bias=False) if width else None
        """None: texts are not read. Without a bias, an event without a text adds nothing."""
        self.text_scale = math.sqrt(width)
        """An embedding has the length 1; so its numbers are about 1, as other inputs' are."""
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

    def decide(self, summary: Tensor, features: Tensor, texts: Tensor | None = None) -> Tensor:
        """Logits [batch] of summaries [batch, hidden] and the numeric branch's output [batch, numeric_hidden].

        Texts' embeddings [batch, text width] join before the fusion's activation, as if they lay beside the two.
        """
        fused = self.fusion[0](torch.cat((summary, features), dim=1))
        if self.text is not None and texts is not None:
            fused = fused + self.text(self.text_scale * texts)
        return cast(Tensor, self.head(self.fusion[1:](fused))).squeeze(1)

    def probability(self, logits: Tensor) -> Tensor:
        """Calibrated probabilities, in [0, 1], of logits."""
        slope, offset = self.calibration
        return torch.sigmoid(slope * logits + offset)

    def forward(
        self, ids: Tensor, values: Tensor, numbers: Tensor, mask: Tensor | None = None, texts: Tensor | None = None
    ) -> Tensor:
        """Logits [batch]; the mask [batch, length] is 1 for events and 0 for padding, None where there is none."""
        return self.decide(summarise(self.bert, self.positions(ids, values), mask), self.numeric(numbers), texts)
