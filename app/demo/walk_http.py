"""What the walk needs of HTTP: requests as a named person, on the standard library alone.

Nothing here knows the story. Signing in happens on a person's first request.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from app.demo.officials import PASSWORD

TIMEOUT_SECONDS = 60.0
ADMIN = "admin"
PAGE = 200

Json = dict[str, Any]


class NotAsTold(Exception):
    """Something in the walk is not as the story tells it; the message says what."""


@dataclass(slots=True)
class Caller:
    """Requests to one server; `who` is a username, or "" for somebody who has not signed in."""

    address: str
    tokens: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, who: str = ADMIN) -> Json:
        """The JSON at a path. Raises NotAsTold unless the answer is 200."""
        return self._expect("GET", path, None, who, (200,))

    def post(self, path: str, body: Json, *, who: str, status: tuple[int, ...] = (200, 201)) -> Json:
        """Send JSON. Raises NotAsTold unless the status is one of these."""
        return self._expect("POST", path, body, who, status)

    def items(self, path: str, *, who: str = ADMIN) -> list[Json]:
        """Every item of a list, page by page."""
        found: list[Json] = []
        cursor = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{joint}limit={PAGE}&cursor={cursor}", who=who)
            found += page["items"]
            cursor = page["next"]
            if not cursor:
                return found

    def _expect(self, method: str, path: str, body: Json | None, who: str, status: tuple[int, ...]) -> Json:
        token = self._token(who) if who else ""
        found, answer = self._send(method, path, body, token)
        if found not in status:
            raise NotAsTold(
                f"{method} {path} as {who or 'nobody'}: {found} {json.dumps(answer, ensure_ascii=False)}"
            )
        return answer

    def _token(self, who: str) -> str:
        if who not in self.tokens:
            signed_in = {"username": who, "password": PASSWORD}
            found, answer = self._send("POST", "/auth/tokens", signed_in, "")
            if found != 201:
                raise NotAsTold(f"{who} cannot sign in: {found} {answer}")
            self.tokens[who] = answer["token"]
        return self.tokens[who]

    def _send(self, method: str, path: str, body: Json | None, token: str) -> tuple[int, Json]:
        headers = {"Content-Type": "application/json", "Accept-Language": "zh"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = Request(  # noqa: S310
            f"{self.address}/api/v1{path}",
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return answer.status, _json(answer.read())
        except HTTPError as refused:
            with refused:
                return refused.code, _json(refused.read())


def _json(text: bytes) -> Json:
    if not text:
        return {}
    loaded = json.loads(text)
    return loaded if isinstance(loaded, dict) else {"value": loaded}
