"""Every sentence and every row of the page has a test."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.conformance import sentences
from tests.shared import require_shared

NOT_OVER_HTTP = {
    "API Trading": "a heading",
    "TL;DR": "a heading",
    "Python Demo Script": "a link",
    "POST API endpoint": "a heading",
    "Example Python Script": "a heading",
    "Place Order JSON Spec:": "a heading",
    "Step 1: Lets' make sure the mode is QUANT": "a switch on the platform's own pages",
    "Step 2: Navigate to Strategy and Create a TradingView Strategy": "a form on the platform's own pages",
}


def test_every_sentence_of_the_page_has_a_test() -> None:
    """None is without a test, and no test holds a sentence that the page does not have."""
    page = sentences.sentences_of(require_shared("seed", "api-trading.mdx.txt"))
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.conformance.{module.stem}")
    assert [one for one in page if one not in sentences.HELD and one not in NOT_OVER_HTTP] == []
    assert [one for one in (*sentences.HELD, *NOT_OVER_HTTP) if one not in page] == []
    assert not NOT_OVER_HTTP.keys() & sentences.HELD.keys()
    assert len(page) > 45
