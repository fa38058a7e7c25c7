"""The platform's JSON API: what it holds, and the candles that whoever runs it pushes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy import Table

from engine.paper.documents import (
    NO_BODY,
    BalanceDocument,
    CandlesDocument,
    FillDocument,
    FundingDocument,
    OrderDocument,
    PositionDocument,
    TakenDocument,
    no_such,
)
from engine.paper.entry import Entry
from engine.paper.ledger import Ledger
from engine.paper.matching import Candle
from engine.paper.pages import Of, OrderPage, Page, once
from engine.paper.tables import fills, funding, orders
from engine.webhook import number_text

_NO_CONNECTOR = no_such(404, "No such connector")


def api_of(ledger: Ledger) -> APIRouter:
    """Give the routes under /api."""
    api = APIRouter(prefix="/api", dependencies=[Depends(once)])
    _add_lists(api, ledger)
    _add_accounts(api, ledger)
    return api


def _add_lists(api: APIRouter, ledger: Ledger) -> None:
    def named(page: Page) -> str | None:
        return None if page.connector is None else _known(ledger, page.connector)

    def rows_of(table: Table, key: str, page: Page) -> list[dict[str, Any]]:
        return ledger.rows(table, key, page.after, page.limit, named(page))

    @api.get("/messages", responses=_NO_CONNECTOR)
    def _messages(page: Annotated[Page, Query()]) -> dict[str, list[Entry]]:
        """Give what was received, oldest first."""
        return {"messages": ledger.after(page.after, page.limit, named(page))}

    @api.get("/orders", responses=_NO_CONNECTOR)
    def _orders(page: Annotated[OrderPage, Query()]) -> dict[str, list[OrderDocument]]:
        """Give a connector's orders by their numbers."""
        return {"orders": [OrderDocument.model_validate(row) for row in rows_of(orders, "number", page)]}

    @api.get("/fills", responses=_NO_CONNECTOR)
    def _fills(page: Annotated[Page, Query()]) -> dict[str, list[FillDocument]]:
        """Give fills, oldest first."""
        return {"fills": [FillDocument.model_validate(row) for row in rows_of(fills, "number", page)]}

    @api.get("/funding", responses=_NO_CONNECTOR)
    def _funding(page: Annotated[Page, Query()]) -> dict[str, list[FundingDocument]]:
        """Give what was paid for holding, oldest first."""
        return {"funding": [FundingDocument.model_validate(row) for row in rows_of(funding, "number", page)]}


def _add_accounts(api: APIRouter, ledger: Ledger) -> None:
    def named(of: Of) -> tuple[str, ...]:
        return ledger.connectors if of.connector is None else (_known(ledger, of.connector),)

    @api.get("/balances", responses=_NO_CONNECTOR)
    def _balances(of: Annotated[Of, Query()]) -> dict[str, list[BalanceDocument]]:
        """Give what each account is worth."""
        return {"balances": [_balance(ledger, name) for name in named(of)]}

    @api.get("/positions", responses=_NO_CONNECTOR)
    def _positions(of: Annotated[Of, Query()]) -> dict[str, list[PositionDocument]]:
        """Give what is held."""
        return {"positions": [one for name in named(of) for one in _held(ledger, name)]}

    @api.post("/candles", responses=_NO_CONNECTOR | NO_BODY | no_such(409, "The platform fetches candles"))
    def _candles(document: CandlesDocument) -> TakenDocument:
        """Let closed candles meet the orders of a connector, where the platform fetches none itself."""
        if ledger.fed:
            raise HTTPException(409, "this platform fetches its candles from an exchange; none can be pushed")
        given = [Candle(**dict(candle)) for candle in document.candles]
        return TakenDocument(taken=ledger.take_candles(_known(ledger, document.connector), given))


def _known(ledger: Ledger, connector: str) -> str:
    if connector not in ledger.connectors:
        raise HTTPException(404, "there is no connector of this name")
    return connector


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
