"""Attachments over HTTP: told by their bytes, read by those who see the case, never shown as pages."""

import io
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain
from calling_api import County, county

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
FORM = {"id": "f", "components": [{"type": "filepicker", "key": "paper", "accept": ".png,.pdf"}]}
TASK = '<userTask id="ask" minyi:group="committee" minyi:form="f.form"/>'


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with county(tmp_path) as built:
        yield built


def add(place: County, by: str, content: bytes, name: str, status: int = 201) -> Any:
    return place.who(by).post("/files", status=status, data={"file": (io.BytesIO(content), name)})


def test_a_file_is_what_its_bytes_say(place: County) -> None:
    kept = add(place, "li", PNG, "照片.html")
    assert (kept["type"], kept["size"], kept["name"]) == ("image/png", len(PNG), "照片.html")
    assert add(place, "li", "村里的账".encode(), "账.txt")["type"] == "text/plain"
    assert add(place, "li", b"\x00\x01\xfe", "x.png")["type"] == "application/octet-stream"


def test_a_name_keeps_no_path_and_no_tricks(place: County) -> None:
    assert add(place, "li", PNG, "../../a\u202egnp.exe")["name"] == "a_gnp.exe"
    assert len(add(place, "li", PNG, "长" * 300 + ".png")["name"]) <= 200


def test_a_file_is_its_owners_until_an_answer_names_it(place: County) -> None:
    kept = add(place, "li", PNG, "照片.png")
    place.who("wang").get(f"/files/{kept['id']}", 404)
    task = place.task(place.start(place.publish(bpmn(chain(TASK, "userTask#b@committee")), form=FORM))["id"])
    path = f"/tasks/{task['id']}/complete"
    refused = place.who("wang").post(path, {"data": {"paper": kept["id"]}}, 422)
    assert [(each["path"], each["code"]) for each in refused["errors"]] == [("paper", "file")]
    place.who("li").post(path, {"data": {"paper": kept["id"]}})
    read = place.who("wang").call("GET", f"/files/{kept['id']}")
    assert read.data == PNG
    assert read.headers["Content-Disposition"].startswith("attachment")
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    place.who("zhao").get(f"/files/{kept['id']}", 404)


def test_equal_bytes_are_two_files_and_stored_once(place: County) -> None:
    from app.extensions import db
    from app.models import FileContent, FileRow

    one, other = add(place, "li", PNG, "a.png"), add(place, "wang", PNG, "b.png")
    assert one["id"] != other["id"]
    with place.app.app_context():
        assert db.session.query(FileContent).count() == 1
        assert db.session.query(FileRow).count() == 2


def test_what_is_no_upload_is_refused(place: County) -> None:
    assert place.who("li").post("/files", status=422)["type"].endswith("no_file")
    assert add(place, "li", b"", "leer.txt", 422)["type"].endswith("empty_file")
    assert place.who("li").call("POST", "/files", json={}).status_code == 422
    assert place.who("li").call("GET", "/files/%00").status_code == 400


def test_a_file_over_the_limit_is_too_large(tmp_path: Path) -> None:
    with county(tmp_path, max_upload_bytes=1000) as place:
        add(place, "li", b"x" * 1001, "x.txt", 413)
        body = b"--x\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + b"x" * 2_000_000
        place.who("li").post("/files", status=413, data=body, content_type="multipart/form-data; boundary=x")
        add(place, "li", b"x" * 1000, "x.txt")


def test_a_client_that_sends_too_much_gets_to_read_the_answer(tmp_path: Path) -> None:
    with county(tmp_path, max_upload_bytes=1000) as place:
        size = 3 * 1024 * 1024
        stream = io.BytesIO(b"x" * size)
        more = {"input_stream": stream, "content_length": size, "content_type": "application/json"}
        answer = place.who("li").call("POST", "/cases", **more)
        assert answer.status_code == 413
        assert stream.tell() == size  # what is left unread would break the connection before the answer
