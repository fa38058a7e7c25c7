"""Messages that were expected beside those that were sent, in order, one to one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

_MOST_CELLS = 1_000_000  # of the table that finds which messages belong together
_SAME_ACTION, _SAME_BAR, _ALONE, _NEVER = 1.0, 1.5, 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """A message, as far as it is stated: the candle that decides it, and fields by their names in the JSON."""

    bar: int | None
    fields: Mapping[str, Decimal | str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent: decided at the close of candle `bar`, which opened at `time_ms` (UTC)."""

    bar: int
    time_ms: int
    fields: Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together; without `sent` it is missing, without `expected` it came unexpected.

    `different` names what is not as expected: fields, and "bar".
    """

    expected: Expectation | None
    sent: Sent | None
    different: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it was sent as expected."""
        return self.expected is not None and self.sent is not None and not self.different


def pairs_of(expected: Sequence[Expectation], sent: Sequence[Sent]) -> list[Pair]:
    """Put side by side what belongs together. All are good only where each was sent in turn, and no other.

    Where not, messages are put together such that as little as possible is missing, unexpected or different.
    """
    first = 0
    while first < min(len(expected), len(sent)) and not different(expected[first], sent[first]):
        first += 1
    last = 0
    while last < min(len(expected), len(sent)) - first and not different(expected[-1 - last], sent[-1 - last]):
        last += 1
    ends = len(expected) - last, len(sent) - last
    return [
        *map(_pair, expected[:first], sent[:first]),
        *_aligned(expected[first : ends[0]], sent[first : ends[1]]),
        *map(_pair, expected[ends[0] :], sent[ends[1] :]),
    ]


def different(expected: Expectation, sent: Sent) -> tuple[str, ...]:
    """Name what is not as expected. Numbers are compared to the digits that are written: 104.23 is 104.2."""
    names = [] if expected.bar in (None, sent.bar) else ["bar"]
    names += [name for name, value in expected.fields.items() if not _equal(value, sent.fields.get(name))]
    return tuple(names)


def _equal(expected: Decimal | str, sent: float | str | None) -> bool:
    if sent is None or isinstance(expected, str):
        return sent == expected
    step = Decimal(1).scaleb(min(0, int(expected.as_tuple().exponent)))
    return abs(Decimal(str(sent)) - expected) <= step / 2


def _pair(expected: Expectation, sent: Sent) -> Pair:
    return Pair(expected, sent, different(expected, sent))


def _aligned(expected: Sequence[Expectation], sent: Sequence[Sent]) -> list[Pair]:
    if len(expected) * len(sent) > _MOST_CELLS:
        both = min(len(expected), len(sent))
        rest = [*(Pair(one, None) for one in expected[both:]), *(Pair(None, one) for one in sent[both:])]
        return [*map(_pair, expected[:both], sent[:both]), *rest]
    # costs[i][j]: what it costs to put together the messages from i and from j on.
    costs = [[0.0] * (len(sent) + 1) for _ in range(len(expected) + 1)]
    for i in range(len(expected), -1, -1):
        for j in range(len(sent), -1, -1):
            if i < len(expected) or j < len(sent):
                costs[i][j] = min(cost for cost, _, _ in _steps(expected, sent, i, j, costs))
    pairs = []
    i = j = 0
    while i < len(expected) or j < len(sent):
        _, next_i, next_j = min(_steps(expected, sent, i, j, costs))
        one, other = expected[i] if next_i > i else None, sent[j] if next_j > j else None
        pairs.append(Pair(one, other, different(one, other) if one and other else ()))
        i, j = next_i, next_j
    return pairs


def _steps(
    expected: Sequence[Expectation], sent: Sequence[Sent], i: int, j: int, costs: list[list[float]]
) -> list[tuple[float, int, int]]:
    """Give what can come next, with its cost: two messages together, one that is missing, one that is unexpected."""
    steps = []
    if i < len(expected) and j < len(sent):
        steps.append((_apart(expected[i], sent[j]) + costs[i + 1][j + 1], i + 1, j + 1))
    if i < len(expected):
        steps.append((_ALONE + costs[i + 1][j], i + 1, j))
    if j < len(sent):
        steps.append((_ALONE + costs[i][j + 1], i, j + 1))
    return steps


def _apart(expected: Expectation, sent: Sent) -> float:
    """Give how little two messages are like each other: 0 for as expected, over two alone for nothing alike."""
    names = different(expected, sent)
    if not names:
        return 0.0
    if "action" not in names:
        return _SAME_ACTION + 0.9 * len(names) / (1 + len(expected.fields))
    return _SAME_BAR if expected.bar == sent.bar else _NEVER
