"""Parquet files of candles: ours, everybody's, and broken ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.adapters.parquet_files import read_parquet, write_parquet
from engine.errors import InvalidCandlesError
from engine.market import Bars, Timeframe
from engine.market.sample import SAMPLE_START_MS, sample_bars

HOUR = Timeframe.parse("1h")
BARS = sample_bars("BTC/USDT", HOUR, SAMPLE_START_MS, 50)
HOURS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(3)]


def written(path: Path, **columns: object) -> Path:
    """Write a table with the columns of three good candles, and those given."""
    good: dict[str, object] = {
        "time": HOURS,
        "open": [2.0] * 3,
        "high": [3.0] * 3,
        "low": [1.0] * 3,
        "close": [2.0] * 3,
    }
    pq.write_table(pa.table({name: cells for name, cells in (good | columns).items() if cells is not None}), path)
    return path


def test_what_was_written_is_read_to_the_bit(tmp_path: Path) -> None:
    """Candles and what is said of them come back, gaps and all."""
    holed = BARS[:20].then(BARS[30:])
    write_parquet(tmp_path / "a.parquet", holed, {"timeframe": "1h", "symbol": "BTC/USDT"})
    found = read_parquet(tmp_path / "a.parquet")
    assert found.about == {"timeframe": "1h", "symbol": "BTC/USDT"}
    assert found.bars.timeframe == HOUR
    assert np.array_equal(found.bars.time, holed.time)
    assert all(np.array_equal(a, b) for a, b in zip(found.bars.columns(), holed.columns(), strict=True))


def test_everybody_reads_our_times_as_utc(tmp_path: Path) -> None:
    """The column of times is a timestamp in UTC for other programs."""
    write_parquet(tmp_path / "a.parquet", BARS, {})
    assert pq.read_table(tmp_path / "a.parquet")["time"][0].as_py() == HOURS[0]


@pytest.mark.parametrize(
    "time",
    [
        pa.array(HOURS, pa.timestamp("ns", "UTC")),
        pa.array(HOURS, pa.timestamp("us", "Asia/Tokyo")),  # the same moments, shown otherwise
        pa.array([hour.replace(tzinfo=None) for hour in HOURS], pa.timestamp("s")),
        [int(hour.timestamp()) for hour in HOURS],
        [hour.timestamp() * 1000 for hour in HOURS],
        [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in HOURS],
        [f"{hour:%Y-%m-%d %H:%M:%S}" for hour in HOURS],
    ],
    ids=["ns", "zone", "naive", "seconds", "float ms", "texts with a zone", "texts"],
)
def test_times_may_be_written_in_many_ways(time: object, tmp_path: Path) -> None:
    """Whatever way the times are written, they are the same milliseconds; a missing volume is 0."""
    bars = read_parquet(written(tmp_path / "a.parquet", time=time)).bars
    assert bars.time.tolist() == [int(hour.timestamp() * 1000) for hour in HOURS]
    assert bars.volume.tolist() == [0, 0, 0]


def test_days_and_capitals_are_read(tmp_path: Path) -> None:
    """A column `Date` of days is daily candles."""
    days = [date(2024, 1, day) for day in (1, 2, 3)]
    bars = read_parquet(written(tmp_path / "a.parquet", time=None, Date=days)).bars
    assert (str(bars.timeframe), int(bars.time[0])) == ("1d", SAMPLE_START_MS)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"high": [3.0, None, 3.0]}, "row 2: high is nan"),
        ({"low": [1.0, 1.0, 5.0]}, "row 3: low is 5, above the high of 3"),
        ({"close": ["2", "2", "2"]}, "close holds string, not numbers"),
        ({"time": HOURS[::-1]}, "row 2: time is before the row above"),
        ({"time": [HOURS[0], HOURS[0], HOURS[1]]}, "row 2: time is the same as the row before"),
        ({"time": [HOURS[0], None, HOURS[1]]}, "row 2: time is empty"),
        ({"time": ["what", "is", "it"]}, "time holds string, no times"),
        ({"open": None}, "there is no column 'open'"),
        ({"time": None}, "there is no column 'time'"),
    ],
)
def test_bad_candles_are_refused_by_row_and_column(columns: dict[str, object], said: str, tmp_path: Path) -> None:
    """One bad cell refuses the file, naming row and column."""
    path = written(tmp_path / "a.parquet", **columns)
    with pytest.raises(InvalidCandlesError) as error:
        read_parquet(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PAR1 what", None])
def test_what_is_no_parquet_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """A file cut short, another kind of file and none at all are named in one line."""
    path = tmp_path / "a.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidCandlesError, match=r"a\.parquet: ") as error:
        read_parquet(path)
    assert "\n" not in str(error.value)


def test_a_file_without_candles_is_refused(tmp_path: Path) -> None:
    """Columns without rows are no candles."""
    write_parquet(tmp_path / "a.parquet", Bars.of(HOUR, []), {})
    with pytest.raises(InvalidCandlesError, match="holds no candles"):
        read_parquet(tmp_path / "a.parquet")
