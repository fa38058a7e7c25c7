"""Pine's names that mean nothing in a rule file, and what to write instead."""

from __future__ import annotations

_MATH = frozenset(
    {"abs", "acos", "asin", "atan", "avg", "ceil", "cos", "exp", "floor", "log", "log10", "max", "min", "pow", "round"}
    | {"sign", "sin", "sqrt", "sum", "tan", "todegrees", "toradians"}
)

_DRAWN = "nothing is drawn here; `signal-engine eval` prints the values of an expression"
_CLOSED = "leave it out: every candle here has closed"
_COLLECTIONS = "write the values out, or give them names in 'define'"
_NO_TEXTS = "texts are not computed with; `log` takes a text with values in it"

_NAMES = {
    "strategy.position_size": "write position.side: 1 long, -1 short, 0 neither",
    "strategy.position_avg_price": "write position.entry_price",
    "strategy.openprofit_percent": "write position.profit_percent",
    "strategy.openprofit": "write position.profit_percent",
    "strategy.opentrades": "write position.side != 0",
    "strategy.opentrades.entry_bar_index": "write position.bars for the candles since the entry",
    "strategy.opentrades.entry_price": "write position.entry_price",
    "strategy.closedtrades.exit_bar_index": "write position.bars_since_exit for the candles since the exit",
    "strategy.equity": "no expression sees money: write position.profit_percent; sizes are counted from the equity",
    "strategy.cancel": "a waiting order is withdrawn by 'cancel' or 'expire_bars' of 'order'",
    "strategy.cancel_all": "a waiting order is withdrawn by 'cancel' or 'expire_bars' of 'order'",
    "strategy.risk.max_intraday_loss": "write limits: {day_loss: {percent: 5}}",
    "strategy.risk.max_drawdown": "write limits: {drawdown: {percent: 20}}",
    "strategy.risk.allow_entry_in": "leave the other side out of the rule file",
    "strategy": "a rule file needs no header: size, pyramiding and the rest are keys of it",
    "strategy.entry": "entries stand under 'enter' of 'long' and 'short'",
    "strategy.order": "entries stand under 'enter' of 'long' and 'short'",
    "strategy.exit": "write 'take_profit', 'stop_loss' or 'exit' in the rule file",
    "strategy.close": "exits stand under 'exit' of 'long' and 'short'",
    "strategy.close_all": "exits stand under 'exit' of 'long' and 'short'",
    "strategy.long": "entries stand under 'enter' of 'long'",
    "strategy.short": "entries stand under 'enter' of 'short'",
    "request.security_lower_tf": "a rule sees its own timeframe and longer ones",
    "math.random": "the same candles must give the same decisions, live and in a backtest",
    "timenow": "a backtest knows no clock; write time_close",
    "last_bar_index": "nobody knows the last candle while trading; write bar_index",
    "last_bar_time": "nobody knows the last candle while trading; write time",
    "barstate.islast": "nobody knows the last candle while trading",
    "barstate.isfirst": "live and backtest begin with different candles",
    "barstate.isconfirmed": "write true: every candle here has closed",
    "timeframe.period": "write timeframe.multiplier, or timeframe.isdaily and the like",
    "syminfo.timezone": "times are in UTC; write a zone in quotes, such as hour(time, \"America/New_York\")",
    "syminfo.tickerid": "the symbol stands in the config, so that a rule is for any; \"\" is the rule's own symbol",
    "syminfo.ticker": "the symbol stands in the config, so that a rule is for any",
    "syminfo.pointvalue": "it is 1 here",
    "if": "write condition ? a : b",
    "switch": "write condition ? a : b",
    "iff": "write condition ? a : b",
    "security": "write request.security(\"\", \"4h\", ...)",
    "tickerid": "\"\" is the rule's own symbol",
    "n": "write bar_index",
    "color": _DRAWN,
    "study": "a rule file needs no header",
    "indicator": "a rule file needs no header",
    "max_bars_back": "leave it out: as many bars are kept as are needed",
    "offset": "write x[1]",
}  # fmt: skip
_ROOTS = {
    "strategy": "there are position.side, .entry_price, .bars, .profit_percent and .bars_since_exit",
    "input": "declare it under 'params', such as length: 14, and write its name",
    "barstate": _CLOSED,
    "session": 'there is session.isfirstbar; hours are told by hour(time, "America/New_York")',
    "syminfo": "there is syminfo.mintick",
    "request": "there is request.security",
    "str": _NO_TEXTS,
    "tostring": _NO_TEXTS,
    "array": _COLLECTIONS,
    "matrix": _COLLECTIONS,
    "map": _COLLECTIONS,
    "alert": "messages follow from the decisions; nothing needs to be sent by hand",
    "alertcondition": "messages follow from the decisions; nothing needs to be sent by hand",
    "varip": "nothing is kept from bar to bar; ta.valuewhen, ta.barssince and ta.cum remember",
    **dict.fromkeys(
        ("line", "label", "box", "table", "polyline", "linefill", "fill", "hline", "chart", "plot"), _DRAWN
    ),
    **dict.fromkeys(("plotshape", "plotchar", "plotarrow", "plotbar", "plotcandle", "bgcolor", "barcolor"), _DRAWN),
}


def instead_of(name: str) -> str | None:
    """Say what to write instead of a name of Pine's; None where it is none that is missed here."""
    if name in _NAMES:
        return _NAMES[name]
    if name in _MATH:
        return f"write math.{name}"
    return _ROOTS.get(name.split(".", 1)[0])


def math_twin(name: str) -> str:
    """Say which function of `math` may be meant by a bare name that means an indicator: max and min."""
    return f"for the {'greater' if name == 'max' else 'lesser'} of two write math.{name}(...)" if name in _MATH else ""
