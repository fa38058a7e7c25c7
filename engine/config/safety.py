"""What a config allows at most: `safety:` and `journal:`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.documents.numbers import FilledCount, FilledPercent, FilledPositive, FilledWhole


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class DayLoss(_Strict):
    """A loss since midnight (UTC), as it is believed, of all routes together."""

    percent: FilledPercent | None = Field(default=None, description="Of what the day began with.", examples=[5])
    amount: FilledPositive | None = Field(default=None, description="In money, as 'capital' is.", examples=[500])

    @model_validator(mode="after")
    def _one(self) -> DayLoss:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("give percent or amount, such as {percent: 5}")
        return self


class SafetyConfig(_Strict):
    """Limits on entries; closes are never held back. Each that bites refuses the entry, visibly."""

    open_positions: FilledCount | None = Field(
        default=None, description="How many routes may hold a position, or wait to open one.", examples=[3]
    )
    messages_an_hour: FilledCount | None = Field(
        default=None, description="How many messages, closes counted.", examples=[20]
    )
    day_loss: DayLoss | None = Field(
        default=None, description="After such a loss, no entries until midnight (UTC).", examples=[{"percent": 5}]
    )
    stale_seconds: FilledPositive | None = Field(
        default=None,
        description="How old the candle of an entry, or the missing one of any position, may be.",
        examples=[30],
    )
    clock_seconds: FilledPositive = Field(
        default=2.0, description="How far our clock may be off the exchange's before entries stop."
    )
    stop_file: str | None = Field(
        default=None, min_length=1, description="While this file is there, no entries; default: <state>.stop."
    )


class JournalConfig(_Strict):
    """What is kept of what was seen and decided."""

    keep_days: FilledWhole = Field(
        default=90, ge=2, le=3660, description="How long; a year of 1m candles is about 6 MB a route."
    )
