"""Candle CSVs: whatever people have is read, and what is wrong with it is said by line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.csv_files import _any, _plain, read_csv, write_csv
from engine.errors import InvalidCandlesError
from engine.market import Bars, Timeframe
from engine.market.integrity import gaps
from engine.market.sample import SAMPLE_START_MS, sample_bars
from tests.shared import require_shared

HEADER = "time,open,high,low,close,volume\n"
START = SAMPLE_START_MS // 1_000
Write = Callable[[str], Path]


def rows(count: int, unit: int = 1) -> str:
    return "".join(f"{(START + 60 * i) * unit},10,12.5,9,11,3\n" for i in range(count))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "candles.csv"
        path.write_bytes(text.encode())
        return path

    return to_file


def refusal(path: Path, timeframe: Timeframe | None = None) -> list[str]:
    with pytest.raises(InvalidCandlesError) as error:
        read_csv(path, timeframe)
    return [line.removeprefix(f"{path}") for line in str(error.value).splitlines()]


@pytest.mark.parametrize(
    ("name", "bars", "timeframe", "missing"),
    [
        ("ohlcv/btc_1m_with_gaps.csv", 13_681, "1m", 538),
        ("ohlcv/xrp_eth_1m_sparse.csv", 2_469, "1m", 676),
        ("ohlcv/eth_btc_5m.csv", 5_760, "5m", 0),
        ("ohlcv/xlm_btc_5m.csv", 5_760, "5m", 0),
        ("ohlcv/xrp_usdt_perp_5m.csv", 1_999, "5m", 0),
        ("tradingview/strategies/btcusdt_1h_ohlcv.csv", 10_991, "1h", 0),
        ("tradingview/strategies/eurusd_1h_ohlcv.csv", 23_054, "1h", 196),
    ],
)
def test_real_files_are_read_and_written_back_bit_for_bit(
    name: str, bars: int, timeframe: str, missing: int, tmp_path: Path
) -> None:
    """Real exports are read whole, and what is written of them is read as the same bits."""
    read = read_csv(require_shared(name))
    assert (len(read), str(read.timeframe), gaps(read)) == (bars, timeframe, missing)
    write_csv(tmp_path / "copy.csv", read)
    assert_same(read_csv(tmp_path / "copy.csv"), read)


def test_times_with_a_zone_become_utc() -> None:
    """17:00 in New York's winter is 22:00 UTC."""
    first = read_csv(require_shared("tradingview/strategies/eurusd_1h_ohlcv.csv"))
    assert np.datetime64(int(first.time[0]), "ms") == np.datetime64("2022-01-02T22:00")


@pytest.mark.parametrize("length", ["1s", "1m", "4h", "1d", "1w", "1M", "3M"])
def test_the_timeframe_is_inferred(length: str, tmp_path: Path) -> None:
    """Candles with missing bars come back with their timeframe, by the calendar."""
    bars = sample_bars("BTC/USDT", Timeframe.parse(length), SAMPLE_START_MS, 12)
    kept = np.array([0, 1, 2, 3, 6, 7, 8, 11])
    holed = Bars(bars.timeframe, bars.time[kept], *(column[kept] for column in bars.columns()))
    write_csv(tmp_path / "bars.csv", holed)
    assert_same(read_csv(tmp_path / "bars.csv"), holed)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + rows(3),
        HEADER + rows(3, unit=1_000),
        "\ufeff" + HEADER + rows(3),
        HEADER.replace("\n", "\r\n") + rows(3).replace("\n", "\r\n"),
        HEADER + rows(3).replace("\n", "\n\n"),
        " TimeStamp ,Open,HIGH,Low,close,Volume\n" + rows(3),
        "close,what,volume,date,low,high,open\n"
        "11,a,3,2024-01-01T00:00:00Z,9,12.5,10\n"
        "11,,3,2024-01-01 01:01:00+01:00,9,12.5,10\n"
        "11,c,3,2024-01-01 00:02,9,12.5,10\n",
        'datetime,open,high,low,close,volume,"ta.bb(close, 20)"\n'
        "2024-01-01,10,12.5,9,11,3,NaN\n2024-01-01T00:01,10,12.5,9,11,3,1\n2024-01-01T00:02:00.000,10,12.5,9,11,3,1\n",
    ],
)
def test_however_it_is_written_it_is_read_the_same(text: str, write: Write) -> None:
    """Seconds, milliseconds, ISO times, any order and case of columns, blank lines and a BOM make no difference."""
    bars = read_csv(write(text))
    assert str(bars.timeframe) == "1m"
    assert bars.time.tolist() == [SAMPLE_START_MS + 60_000 * i for i in range(3)]
    assert [column.tolist() for column in bars.columns()] == [[10] * 3, [12.5] * 3, [9] * 3, [11] * 3, [3] * 3]


def test_volume_may_be_missing(write: Write) -> None:
    """Without a volume column the volume is 0."""
    text = "".join(line.rsplit(",", 1)[0] + "\n" for line in (HEADER + rows(3)).splitlines())
    assert read_csv(write(text)).volume.tolist() == [0, 0, 0]


def row(minute: int, cells: str = "10,12.5,9,11,3") -> str:
    return f"{START + 60 * minute},{cells}\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (row(3, "10,12.5,9,NaN,3"), ":5: close is 'NaN', not a number"),
        (row(3, "10,abc,9,11,3"), ":5: high is 'abc', not a number"),
        (row(3, '10,"12,5",9,11,3'), ":5: high is '12,5', not a number"),
        (row(3, "10,12.5,9,11,"), ":5: volume is empty"),
        (row(3, "10,12.5,9"), ":5: has 4 cells, the header has 6"),
        (row(3, "10,12.5,9,11,3,7"), ":5: has 7 cells, the header has 6"),
        ("\n\n" + row(3, "10,12.5,9"), ":7: has 4 cells, the header has 6"),
        ("yesterday,10,12.5,9,11,3\n", ":5: time is 'yesterday', no time; write seconds or milliseconds since 1970"),
        (row(2), ":5: time is the same as the row before"),
        (row(1), ":5: time is before the row above; rows must be sorted by time, oldest first"),
        (row(3, "10,12.5,9,inf,3"), ":5: close is inf, not a number that can be traded on"),
        (row(3, "10,12.5,0,11,3"), ":5: low is 0; it must be above 0"),
        (row(3, "10,8,9,11,3"), ":5: low is 9, above the high of 8"),
        (row(3).replace("0,10", "7,10", 1), ":5: time is not the start of a 1m bar"),
    ],
)
def test_a_bad_line_is_named_with_its_column(line: str, said: str, write: Write) -> None:
    """A file with one bad line is refused, naming that line as an editor counts, the column and what is wrong."""
    lines = refusal(write(HEADER + rows(3) + line + row(9)))
    assert lines[0].startswith(said)
    assert lines[-1] == "Correct or remove these lines in the file: candles are never repaired here."


def test_the_first_five_faults_are_listed_and_the_others_counted(write: Write) -> None:
    """Of nine bad lines five are shown, in the order of the file, and four are counted."""
    lines = refusal(write(HEADER + rows(3) + "".join(row(3 + i, "10,12.5,9,x,3") for i in range(9))))
    assert [line.split(":")[1] for line in lines[:5]] == ["5", "6", "7", "8", "9"]
    assert lines[5] == "and 4 more"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        (HEADER, "has a header but no candles"),
        (
            "time,open,high,low,Closed\n",
            "there is no column 'close'; the header is: time,open,high,low,Closed; did you",
        ),
        ("when,open,high,low,close\n", "there is no column 'time' (or timestamp, date, datetime)"),
        ("time,open,high,low,close,CLOSE\n", "column 'close' stands twice"),
        ("time;open;high;low;close\n1;2;3;4;5\n", "must be separated by commas"),
        (HEADER + row(0), "the times do not tell the timeframe; state it"),
    ],
)
def test_a_file_that_is_no_table_of_candles_is_refused(text: str, said: str, write: Write) -> None:
    """A missing column, or no rows, is said in one line."""
    lines = refusal(write(text))
    assert said in lines[0]


@pytest.mark.parametrize("stated", ["30s", "5m"])
def test_a_timeframe_that_is_not_the_files_is_refused(stated: str, write: Write) -> None:
    """One-minute candles are not taken for half-minute or five-minute ones."""
    assert f"these look like 1m candles, not {stated}" in refusal(write(HEADER + rows(5)), Timeframe.parse(stated))[0]


def test_one_candle_is_enough_when_the_timeframe_is_stated(write: Write) -> None:
    """A file of one row is read if its timeframe is given."""
    assert len(read_csv(write(HEADER + rows(1)), Timeframe.parse("1m"))) == 1


def test_dates_written_as_numbers_are_not_taken_for_seconds(write: Write) -> None:
    """20240131 is refused, instead of being a second of August 1970."""
    assert "is '20240101', no time" in refusal(write(HEADER + "20240101,1,1,1,1,1\n20240102,1,1,1,1,1\n"))[0]


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is no text are InvalidCandlesErrors too."""
    assert "No such file" in refusal(tmp_path / "nothing.csv")[0]
    assert "cannot be read" in refusal(tmp_path)[0]
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert "is not UTF-8 text" in refusal(tmp_path / "binary.csv")[0]


def assert_same(one: Bars, other: Bars) -> None:
    assert one.timeframe == other.timeframe
    assert np.array_equal(one.time, other.time)
    assert all(np.array_equal(a, b) for a, b in zip(one.columns(), other.columns(), strict=True))


@pytest.mark.parametrize("name", ["ohlcv/eth_btc_5m.csv", "ohlcv/btc_1m_with_gaps.csv"])
def test_small_files_of_numbers_are_read_the_same_without_pandas(name: str) -> None:
    """Both ways of reading give the same bits."""
    path = require_shared(name)
    without, with_pandas = _plain(path), _any(path)
    assert without is not None
    assert with_pandas is not None
    for one, other in zip(without, with_pandas, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "row", ["1_0,1,1,1,1", "nan,1,1,1,1", "1,1,1,1,", "1,1,1,1,x", "2024-01-01,1,1,1,1", "1,1,1,1", "1,1,1,1,1,1"]
)
def test_what_is_not_plain_numbers_is_left_to_pandas(write: Write, row: str) -> None:
    """A cell that is no plain number, or a row of another length, is not read the short way."""
    assert _plain(write(f"time,open,high,low,close\n{row}\n")) is None
