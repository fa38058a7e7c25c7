"""The safety limits of a config."""

from __future__ import annotations

from pathlib import Path

from engine.config import RunConfig
from engine.live import Limits


def limits_of(config: RunConfig) -> Limits:
    """Give them as the engine asks them."""
    safety = config.safety
    loss = safety.day_loss
    return Limits(
        open_positions=safety.open_positions,
        messages_an_hour=safety.messages_an_hour,
        day_loss_percent=None if loss is None else loss.percent,
        day_loss_amount=None if loss is None else loss.amount,
        stale_ms=None if safety.stale_seconds is None else round(safety.stale_seconds * 1000),
        clock_ms=round(safety.clock_seconds * 1000),
    )


def stop_file_of(config: RunConfig) -> Path:
    """Give the file that stops entries while it is there."""
    return Path(config.safety.stop_file or f"{config.state}.stop")
