"""Rules made at random: any order, with some of all the fields that a rule file may have."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.rules import Rule, read_rule

_HELD = st.sampled_from(
    ["position.bars > 6", "position.profit_percent < -0.4", "position.side == 0", "nz(position.bars_since_exit, 9) > 4"]
)
_AWAY = st.sampled_from(
    ["percent: 0.6", "percent: 100 * ta.atr(5) / close", "ticks: 6000", "distance: 2 * ta.atr(5)", "distance: 150"]
)
_LEVEL = st.one_of(
    st.builds("{{{}}}".format, _AWAY),
    st.builds("{{{}, from: entry}}".format, _AWAY),
    st.builds("{{{}, every_bar: true}}".format, _AWAY),
    st.builds("[{{{}, close_percent: 40}}, {{{}, from: entry}}]".format, _AWAY, _AWAY),
)
_FIELDS = {
    "take_profit": _LEVEL,
    "stop_loss": _LEVEL,
    "trailing": st.one_of(st.builds("{{{}}}".format, _AWAY), st.builds("{{{}, start: {{{}}}}}".format, _AWAY, _AWAY)),
    "break_even": st.builds("{{after: {{{}}}}}".format, _AWAY),
    "max_bars": st.sampled_from(["5", "'position.profit_percent < 0 ? 4 : 12'"]),
    "flat_at": st.sampled_from(["'20:00'", "{time: '16:30', zone: America/New_York, days: mon-thu}"]),
    "sessions": st.sampled_from(["{hours: 08:00-20:00}", "{hours: 22:00-10:00, days: mon-fri, zone: Europe/Paris}"]),
    "pyramiding": st.sampled_from(["2", "4"]),
    "limits": st.sampled_from(["{day_loss: {percent: 0.5}}", "{drawdown: {percent: 2}}"]),
    "cooldown": st.sampled_from(["{bars: 3}", "{bars: 5, after: loss}", "{bars: 4, after: stop}"]),
    "log": st.just("'atr {ta.atr(5)}'"),
    "delay_seconds": st.just("'close > open ? 1 : 2'"),
}
_ORDER = st.sampled_from(
    [
        "{size: {percent: 15}}",
        "{size: {fixed: 0.05}}",
        "{type: limit, price: close - ta.atr(5) / 2, expire_bars: 3, size: {notional: 1500}}",
        "{type: limit, price: low, cancel: close > open, size: {percent: 20}}",
        "{type: stop, price: high, expire_bars: 2, size: {percent: 20}}",
        "{type: stop, price: hl2 + ta.atr(5), oco: true, size: {fixed: 0.1}}",
    ]
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Make a rule that enters often, with some of all fields."""
    exit_, order = draw(_HELD), draw(_ORDER)
    names = draw(st.lists(st.sampled_from(sorted(_FIELDS)), max_size=5, unique=True))
    fields = [f"{name}: {draw(_FIELDS[name])}" for name in names]
    enter = draw(st.sampled_from(["ta.crossover(close, ta.sma(close, 5))", "close > high[1]", "ta.rising(close, 2)"]))
    lines = ["name: made", "market: futures", "timeframe: 1h", f"long: {{enter: '{enter}', exit: '{exit_}'}}"]
    lines += ["short: {enter: 'ta.crossunder(close, ta.sma(close, 7))'}", *fields, f"order: {order}"]
    return read_rule("\n".join(lines), "made.yaml")
