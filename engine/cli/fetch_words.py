"""What `fetch` shows: a progress bar, what came of it, and the list of what is cached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.cli.output import console, errors, moment

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from engine.adapters.candle_cache import CandleCache, Entry
    from engine.app.fetch import Fetched
    from engine.market import Timeframe
    from engine.market.stretches import Stretch

_GAPS_SHOWN = 10


class Shown:
    """Progress on a terminal; elsewhere only pauses are told. Goes to standard error."""

    def __init__(self, bar: Bar | None, name: str) -> None:
        """`bar` is None where none is to be drawn."""
        self._bar, self._name = bar, name
        self._task: TaskID | None = None

    def moved(self, done: int, total: int, at_ms: int) -> None:
        """Draw how far it is."""
        if self._bar is None:
            return
        if self._task is None:
            self._task = self._bar.add_task(self._name, total=total)
        self._bar.update(self._task, completed=done, total=total, description=f"{self._name}, {moment(at_ms)}")

    def waiting(self, error: Exception, pause_s: float) -> None:
        """Say why it stands still."""
        said = str(error).removesuffix("; it will be asked again")
        text = f"{said}; asked again in {pause_s:.1f} s"
        (self._bar.console if self._bar else errors).print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Bar | None]:
    """Draw on standard error as long as this is open, if it is wanted and somebody looks."""
    if not wanted or not errors.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        yield bar


def print_fetched(found: Fetched, cache: CandleCache) -> None:
    """Say what is kept now, what is new, and what the exchange does not have."""
    series = found.series
    bars, timeframe = series.bars, series.key.timeframe
    if not len(bars):
        _say(f"{series.key}: the exchange has no candles in the period asked for; nothing is cached")
        return
    _say(
        f"{series.key}: {len(bars):,} candles, {moment(int(bars.time[0]))} to {moment(int(bars.time[-1]))} UTC, "
        f"{found.new:,} of them new; in {cache.path(series.key)}"
    )
    for line in _notes(found):
        _say(f"  {line}")
    if not series.gaps:
        _say("  no gaps")
        return
    missing = sum(gap.bars_of(timeframe) for gap in series.gaps)
    _say(f"  {_count(len(series.gaps), 'gap')}, {_count(missing, 'candle')} that the exchange was asked for twice:")
    for gap in series.gaps[:_GAPS_SHOWN]:
        _say(f"    {_span(gap, timeframe)}")
    if len(series.gaps) > _GAPS_SHOWN:
        _say(f"    and {len(series.gaps) - _GAPS_SHOWN:,} more (--json lists all)")


def print_list(entries: list[Entry], folder: str) -> None:
    """Print the list of what is cached."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("symbol", "timeframe", "from (UTC)", "to", "candles", "gaps"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("candles", "gaps") else "left")
    for entry in entries:
        key, first, last = entry.key, moment(entry.first_ms)[2:], moment(entry.last_ms)[2:]
        gaps = f"{len(entry.gaps):,}" if entry.whole else "?"
        table.add_row(f"{key.exchange}:{key.symbol}", str(key.timeframe), first, last, f"{entry.candles:,}", gaps)
    console.print(f"In {folder}:" if entries else f"Nothing is cached in {folder}.", highlight=False, soft_wrap=True)
    if entries:
        console.print(table, highlight=False)
    if any(not entry.whole for entry in entries):
        _say("?: that fetch was interrupted; the same command goes on where it stopped, and looks for gaps then")


def fetched_document(found: Fetched, cache: CandleCache) -> dict[str, object]:
    """Give the same for --json."""
    series, bars = found.series, found.series.bars
    return {
        "exchange": series.key.exchange,
        "symbol": series.key.symbol,
        "timeframe": str(series.key.timeframe),
        "file": str(cache.path(series.key)) if len(bars) else None,
        "candles": len(bars),
        "new": found.new,
        "first_ms": int(bars.time[0]) if len(bars) else None,
        "last_ms": int(bars.time[-1]) if len(bars) else None,
        "gaps": _gaps(series.gaps, series.key.timeframe),
        "notes": _notes(found),
    }


def entry_document(entry: Entry) -> dict[str, object]:
    """Give an entry of the list for --json."""
    return {
        "exchange": entry.key.exchange,
        "symbol": entry.key.symbol,
        "timeframe": str(entry.key.timeframe),
        "file": str(entry.path),
        "candles": entry.candles,
        "first_ms": entry.first_ms,
        "last_ms": entry.last_ms,
        "gaps": _gaps(entry.gaps, entry.key.timeframe),
        "interrupted": not entry.whole,
    }


def _notes(found: Fetched) -> list[str]:
    """Say where the exchange gave less at either end than it was asked for."""
    series, bars = found.series, found.series.bars
    if not len(bars) or not series.asked:
        return []
    lines, asked = [], series.asked
    if int(bars.time[0]) > asked[0].start_ms:
        lines.append(f"the exchange gives none before these; asked for from {moment(asked[0].start_ms)} on")
    if series.key.timeframe.next(int(bars.time[-1])) < asked[-1].end_ms:
        lines.append(f"the exchange gives none after these; asked for up to {moment(asked[-1].end_ms)}")
    return lines


def _gaps(gaps: Iterable[Stretch], timeframe: Timeframe) -> list[dict[str, int]]:
    return [{"from_ms": g.start_ms, "to_ms": g.end_ms, "candles": g.bars_of(timeframe)} for g in gaps]


def _span(gap: Stretch, timeframe: Timeframe) -> str:
    return f"{moment(gap.start_ms)} to {moment(gap.end_ms)} UTC ({_count(gap.bars_of(timeframe), 'candle')})"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
