"""The platform's JSON API: what it holds, and the candles that whoever runs it pushes."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from engine.paper.documents import (
    BalanceDocument,
    CandlesDocument,
    FillDocument,
    FundingDocument,
    MessageDocument,
    OrderDocument,
    PositionDocument,
    TakenDocument,
    no_such,
)
from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.tables import fills, funding, messages, orders
from engine.webhook import number_text

After = Annotated[int, Query(ge=0, le=2**62, description="The number after which to begin.")]
Limit = Annotated[int, Query(ge=1, le=10_000)]
_NO_CONNECTOR = no_such(404, "No such connector")
Of = Annotated[str | None, Query(description="A connector; all of them if not given.")]


def api_of(ledger: Ledger) -> APIRouter:
    """Give the routes under /api."""
    api = APIRouter(prefix="/api")

    @api.get("/messages")
    def _messages(after: After = 0, limit: Limit = 1000, connector: Of = None) -> dict[str, list[MessageDocument]]:
        """Give what was received, oldest first."""
        rows = ledger.rows(messages, "sequence", after, limit, connector)
        return {
            "messages": [MessageDocument.model_validate({**row, "fields": json.loads(row["fields"])}) for row in rows]
        }

    @api.get("/orders", responses=_NO_CONNECTOR)
    def _orders(connector: str, after: After = 0, limit: Limit = 1000) -> dict[str, list[OrderDocument]]:
        """Give a connector's orders by their numbers."""
        rows = ledger.rows(orders, "number", after, limit, _known(connector))
        return {"orders": [OrderDocument.model_validate(row) for row in rows]}

    @api.get("/fills")
    def _fills(after: After = 0, limit: Limit = 1000, connector: Of = None) -> dict[str, list[FillDocument]]:
        """Give fills, oldest first."""
        return {
            "fills": [FillDocument.model_validate(row) for row in ledger.rows(fills, "number", after, limit, connector)]
        }

    @api.get("/funding")
    def _funding(after: After = 0, limit: Limit = 1000, connector: Of = None) -> dict[str, list[FundingDocument]]:
        """Give what was paid for holding, oldest first."""
        rows = ledger.rows(funding, "number", after, limit, connector)
        return {"funding": [FundingDocument.model_validate(row) for row in rows]}

    @api.get("/balances")
    def _balances() -> dict[str, list[BalanceDocument]]:
        """Give what each account is worth."""
        return {"balances": [_balance(ledger, name) for name in ledger.connectors]}

    @api.get("/positions")
    def _positions() -> dict[str, list[PositionDocument]]:
        """Give what is held."""
        return {"positions": [one for name in ledger.connectors for one in _held(ledger, name)]}

    @api.post("/candles", responses=_NO_CONNECTOR | no_such(409, "The platform fetches candles itself"))
    def _candles(document: CandlesDocument) -> TakenDocument:
        """Let closed candles meet the orders of a connector, where the platform fetches none itself."""
        if ledger.fed:
            raise HTTPException(409, "this platform fetches its candles from an exchange; none can be pushed")
        given = [Candle(**dict(candle)) for candle in document.candles]
        return TakenDocument(taken=ledger.take_candles(_known(document.connector), given))

    def _known(connector: str) -> str:
        if connector not in ledger.connectors:
            raise HTTPException(404, "there is no connector of this name")
        return connector

    return api


def _balance(ledger: Ledger, connector: str) -> BalanceDocument:
    account = ledger.account(connector)
    price = account.price
    return BalanceDocument(
        connector=connector,
        time_ms=account.time_ms,
        price=None if price is None else number_text(price),
        cash=number_text(account.cash),
        equity=number_text(account.equity()),
        available=number_text(account.cash if price is None else account.available(price)),
    )


def _held(ledger: Ledger, connector: str) -> list[PositionDocument]:
    account = ledger.account(connector)
    return [
        PositionDocument(
            connector=connector,
            side=side,
            quantity=number_text(held.quantity),
            entry_price=number_text(held.entry_price),
            unrealised=number_text(side * held.quantity * ((account.price or held.entry_price) - held.entry_price)),
        )
        for side, held in account.sides()
    ]
