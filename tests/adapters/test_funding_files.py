"""Files of funding rates."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.funding_files import read_funding
from engine.errors import InvalidInputError


@pytest.mark.parametrize(
    "text",
    [
        "time,rate\n2024-01-01T08:00,0.0001\n2024-01-01T16:00,-0.0002\n",
        "calc_time,funding_interval_hours,last_funding_rate\n1704096000000,8,0.0001\n1704124800000,8,-0.0002\n",
        "fundingTime,symbol,fundingRate\n1704096000,X,0.0001\n\n1704124800,X,-0.0002\n",
    ],
)
def test_dialects(tmp_path: Path, text: str) -> None:
    """Times as ISO text, seconds or milliseconds, and the columns by the names that exchanges give them."""
    file = tmp_path / "rates.csv"
    file.write_text(text)
    found = read_funding(file)
    assert found.time.tolist() == [1_704_096_000_000, 1_704_124_800_000]
    assert found.rate.tolist() == [0.0001, -0.0002]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'time'; the header is: missing"),
        ("time,price\n1,2\n", "no column 'rate'; the header is: time,price"),
        ("time,rate\nsoon,0.1\n", ":2: time: 'soon' is no time"),
        ("time,rate\n2024-01-01,nan\n", ":2: rate: 'nan' is no share such as 0.0001"),
        ("time,rate\n2024-01-01,0.01%\n", ":2: rate: '0.01%' is no share"),
        ("time,rate\n2024-01-02,0\n2024-01-01,0\n", ":3: time: 2024-01-01 is not after the row before it"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    """A missing column, a text that is no number, and times out of order are told with line and column."""
    file = tmp_path / "rates.csv"
    file.write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        read_funding(file)
    assert said in str(caught.value)
