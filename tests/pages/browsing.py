"""A person at a browser without JavaScript: signs in, opens pages, sends forms; each page is checked."""

from typing import Any

from checking import check_page
from flask import Flask, g, has_app_context
from lxml import html as lxml_html
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.extensions import db
from app.identity import passwords
from app.models import Person
from app.runtime.transaction import transaction

PASSWORD = "a-long-test-word"
_HASH = passwords.hash_password(PASSWORD)


class Visitor:
    """One browser session; `page` is the last page, as a tree."""

    def __init__(self, app: Flask, username: str = "", *, language: str = "") -> None:
        self.client = app.test_client()
        self.page: Any = None
        self.path = ""
        self.response: TestResponse | None = None
        if username:
            with transaction() as session:
                person = session.execute(select(Person).where(Person.username == username)).scalar_one()
                person.password_hash = _HASH
            db.session.remove()
            self.get("/sign-in")
            self.send(self.form_to("/sign-in"), username=username, password=PASSWORD)
        if language:
            with self.client.session_transaction() as cookie:
                cookie["language"] = language

    def get(self, path: str, *, status: int = 200) -> Any:
        """Open a page; returns its tree."""
        _forget()
        return self._took(self.client.get(path, follow_redirects=False), status)

    def form_to(self, action: str) -> Any:
        """The last page's form with this action. Fails with the actions there are."""
        forms = {form.get("action") or self.path: form for form in self.page.iter("form")}
        assert action in forms, f"no form to {action}: {sorted(map(str, forms))}"
        return forms[action]

    def send(
        self,
        form: Any,
        *,
        press: tuple[str, str] | None = None,
        status: int = 200,
        to: str = "",
        **values: Any,
    ) -> Any:
        """Send a form as a browser would: its own values, changed by `values`, with the pressed button."""
        fields: dict[str, Any] = {}
        for name, value in form.form_values():
            fields.setdefault(name, []).append(value)
        fields.update({name: value for name, value in values.items() if value is not None})
        for name in [name for name, value in values.items() if value is None]:
            fields.pop(name, None)
        if press:
            fields[press[0]] = press[1]
        _forget()
        return self._took(
            self.client.post(
                to or form.get("action") or self.path,
                data=fields,
                content_type="multipart/form-data" if form.get("enctype") else None,
                follow_redirects=False,
            ),
            status,
        )

    def text(self) -> str:
        """The words of the last page's main part."""
        return " ".join(self.page.get_element_by_id("main").text_content().split())

    def errors(self) -> list[str]:
        """The lines of the error summary."""
        return [
            " ".join(e.text_content().split())
            for e in self.page.xpath("//ul[contains(@class, 'govuk-error-summary__list')]/li")
        ]

    def links(self) -> dict[str, str]:
        """Text → address of the main part's links."""
        return {
            " ".join(a.text_content().split()): a.get("href")
            for a in self.page.get_element_by_id("main").iter("a")
        }

    def _took(self, response: TestResponse, status: int) -> Any:
        while response.status_code in (302, 303):
            _forget()
            response = self.client.get(response.headers["Location"])
        self.response, self.path = response, response.request.path
        assert response.status_code == status, (
            f"{response.status_code}: {response.get_data(as_text=True)[:2000]}"
        )
        if response.mimetype == "text/html" and b"<html" in response.data:
            self.page = check_page(response.get_data(as_text=True))
        elif response.mimetype == "text/html":
            self.page = lxml_html.fragment_fromstring(response.get_data(as_text=True), create_parent="main")
        return self.page


def _forget() -> None:
    """A test keeps one application context open: what one request noted there is not for the next."""
    if has_app_context():
        for name in list(g):
            g.pop(name)
    db.session.rollback()
