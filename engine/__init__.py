"""signal-engine: a short YAML rule file in, exact webhook messages out; the same in backtest, paper and live.

The Python face. What is heavy is loaded when it is first used:

    engine.load("strategies/ema_cross.yaml")      a Rule
    engine.evaluate("ta.rsi(close, 14)", bars)    one value a bar
    engine.Webhook(url, name, token).send(...)    one message, now
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.app.face import Strategy, Webhook, evaluate, load

__version__ = "0.1.0"
__all__ = ["Strategy", "Webhook", "__version__", "evaluate", "load"]


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> object:
    if name in __all__:
        from engine.app import face  # noqa: PLC0415 - pandas and numba are loaded only by those who use them

        return getattr(face, name)
    raise AttributeError(f"module 'engine' has no attribute '{name}'")
