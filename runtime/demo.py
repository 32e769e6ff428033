"""Logins to look at the board on the synthetic street: generated once, kept beside the other secrets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from board import accounts
from street.database import connect
from street.settings import write_private

if TYPE_CHECKING:
    from pathlib import Path

_ACCOUNTS = (
    ("街道", "jiedao", "演示街道", "street"),
    ("培花新村第九居委会（银泰小区）", "penhua9", "演示居委", "310115016027"),
    ("审计", "shenji", "演示审计", "auditor"),
)


@dataclass(frozen=True)
class Login:
    """An account for looking: whose it is, its name and password."""

    title: str
    account: str
    password: str


def logins(secrets_dir: Path) -> list[Login]:
    """Return the logins, made when they are first asked for. Raises DatabaseError."""
    path = secrets_dir / "board_logins.json"
    if path.is_file():
        return [Login(**kept) for kept in json.loads(path.read_text(encoding="utf-8"))]
    with connect() as connection:
        made = [
            Login(title, account, accounts.add(connection, account, name, reader, "street up"))
            for title, account, name, reader in _ACCOUNTS
        ]
    write_private(path, json.dumps([asdict(each) for each in made], ensure_ascii=False))
    return made
