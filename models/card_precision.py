"""Card precision: of the cards that a team looks at each day, those that are compromised."""

import numpy as np
import numpy.typing as npt

from models.metrics import Labels, Scores

Codes = npt.NDArray[np.int64]


def card_precision(
    labels: Labels, scores: Scores, cards: Codes, days: Codes, most: int = 100
) -> npt.NDArray[np.float64]:
    """Of each day, in order: the share of compromised ones among the `most` cards with the highest scores.

    A card's score and label are its day's highest; found ones are not looked at again; a day with fewer cards is
    divided by `most` all the same. Cards are numbered from 0. The mean over days is the CP@k of Le Borgne et al.,
    "Reproducible Machine Learning for Credit Card Fraud Detection" (2022), chapter 4.
    """
    found = np.zeros(int(cards.max(initial=-1)) + 1, np.bool_)
    precision = []
    for day in np.unique(days):
        seen = (days == day) & ~found[cards]
        risk = np.full(len(found), -np.inf)
        np.maximum.at(risk, cards[seen], scores[seen])
        compromised = np.zeros(len(found), np.bool_)
        compromised[cards[seen & (labels == 1)]] = True
        first = np.argsort(-risk, kind="stable")[:most]
        hits = first[compromised[first]]
        found[hits] = True
        precision.append(len(hits) / most)
    return np.array(precision)
