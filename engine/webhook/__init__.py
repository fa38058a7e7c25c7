"""The platform's webhook message: its fields, what may stand in them, how they are written. Pure."""

from engine.webhook.action import Action
from engine.webhook.client_order_id import client_order_id
from engine.webhook.compose import Author
from engine.webhook.message import Message
from engine.webhook.numbers import number_text, plain, to_step

__all__ = [
    "Action",
    "Author",
    "Message",
    "client_order_id",
    "number_text",
    "plain",
    "to_step",
]
