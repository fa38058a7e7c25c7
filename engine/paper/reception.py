"""What is said to a message: read, recognised, judged, written down, answered. No HTTP in here."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from engine.adapters.redaction import Redaction
from engine.errors import InvalidInputError, InvalidMessageError
from engine.paper.entry import Entry
from engine.paper.incoming import FIELDS, SENDER, Incoming, mandatory_faults, read
from engine.paper.json_body import parse_object
from engine.paper.ledger import Ledger
from engine.paper.settings import PaperConnector
from engine.paper.target import FIELDS as POSITION_FIELDS


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told: accepted, or an HTTP status with an error and its fields."""

    status: int = 200
    error: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether the message was taken, now or before."""
        return self.status == 200

    def document(self) -> dict[str, object]:
        """Give a refusal as JSON has it."""
        return {"error": self.error, "fields": self.fields} if self.fields else {"error": self.error}


_OK = Answer()
_STRANGER = "unknown connector or wrong token"


class Judged(NamedTuple):
    """An answer, which may be given once `kept` is done: then the message is on the disk."""

    answer: Answer
    kept: Future[Entry]

    def wait(self) -> Answer:
        """Give the answer when it may be given. Errors: StoreError."""
        self.kept.result()
        return self.answer


class Reception:
    """Judges one message at a time, and never waits. Errors: StoreError, also as those of what is kept."""

    def __init__(self, connectors: Mapping[str, PaperConnector], ledger: Ledger) -> None:
        """Take the connectors by name."""
        self._connectors = dict(connectors)
        self._ledger = ledger
        self._redaction = Redaction(known.token.get_secret_value() for known in connectors.values())
        self._nobody = secrets.token_urlsafe(32)

    def receive(self, body: bytes) -> Answer:
        """Give the answer to a body when it may be given."""
        return self.judge(body).wait()

    def judge(self, body: bytes) -> Judged:
        """Judge a body of acceptable length and type."""
        try:
            document = parse_object(body)
        except InvalidInputError as error:
            return self.refuse(400, str(error))
        fields = self._recordable(document)
        if faults := mandatory_faults(document):
            return self.refuse(422, "invalid message", fields, faults=faults)
        name = str(document["connectorName"])
        connector = self._authenticate(name, str(document["connectorToken"]))
        if connector is None:
            known, reason = (name, "wrong token") if name in self._connectors else ("", "unknown connector")
            either = dict.fromkeys(SENDER, "does not belong to a connector that is known here")
            return self.refuse(401, _STRANGER, fields, connector=known, faults=either, reason=reason)
        try:
            message = read(document, connector.market, syncs=self._ledger.syncs)
        except InvalidMessageError as error:
            return self.refuse(422, "invalid message", fields, connector=name, faults=error.faults)
        if message.target is not None:  # without faults, so nothing but numbers and known words
            fields |= {name: document[name] for name in POSITION_FIELDS if name in document}
        return Judged(_OK, self._ledger.accepting(self._redacted(message), fields))

    def refuse(
        self,
        status: int,
        error: str,
        fields: Mapping[str, object] | None = None,
        *,
        connector: str = "",
        faults: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> Judged:
        """Write a refusal down. `reason` is for the ledger, where it may say more than the sender is told."""
        answer = Answer(status, self._redaction.text(error), self._redaction.texts(faults or {}))
        listed = "; ".join(f"{name}: {fault}" for name, fault in answer.fields.items())
        return Judged(answer, self._ledger.rejecting(connector, fields or {}, reason or listed or answer.error))

    def _authenticate(self, name: str, token: str) -> PaperConnector | None:
        """An unknown name takes the same comparison as a known one."""
        connector = self._connectors.get(name)
        expected = self._nobody if connector is None else connector.token.get_secret_value()
        return connector if hmac.compare_digest(token.encode(), expected.encode()) else None

    def _redacted(self, message: Incoming) -> Incoming:
        ident = message.client_order_id
        return replace(
            message,
            log=self._redaction.text(message.log),
            client_order_id=None if ident is None else self._redaction.text(ident),
        )

    def _recordable(self, document: Mapping[str, object]) -> dict[str, object]:
        """The fields of the page's table as they came, but for who sent them; lists and objects only by their kind.

        Unknown fields are not among them: a misspelt `connectorToken` would be one.
        """
        fields: dict[str, object] = {}
        for name in (*FIELDS, *POSITION_FIELDS):
            if name not in document or name in SENDER:
                continue
            value = document[name]
            if isinstance(value, str):
                value = self._redaction.text(value)
            elif isinstance(value, list | dict):
                value = "(a list)" if isinstance(value, list) else "(an object)"
            fields[name] = value
        return fields
