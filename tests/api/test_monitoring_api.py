"""Figures for supervisors, the moved clock, health and metrics."""

import statistics
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain
from calling_api import County, county

from app.extensions import db
from app.models import StepRow
from app.runtime.transaction import transaction


@pytest.fixture
def place(tmp_path: Path, database: str) -> Any:
    with county(tmp_path, database, sandbox=True) as built:
        yield built


TIMER = (
    '<intermediateCatchEvent id="{id}"><timerEventDefinition id="d{id}"><timeDuration>{after}</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)


def timer(name: str, after: str) -> str:
    return TIMER.format(id=name, after=after)


def move(place: County, **body: str) -> Any:
    return place.who("admin").post("/sandbox/clock", body)


def test_the_clock_stops_at_every_due_instant(place: County) -> None:
    key = place.publish(bpmn(chain(timer("first", "PT1H"), timer("second", "PT2H"), "userTask#a@committee")))
    started = place.start(key)
    waiting = place.who("li").get(f"/cases/{started['id']}")["waiting"]
    assert [(each["element"], each["kind"]) for each in waiting] == [("first", "timer")]
    assert move(place, advance="PT59M")["fired"] == 0
    assert move(place, advance="P1D")["fired"] == 2
    task = place.task(started["id"])
    due = waiting[0]["due_at"]
    assert task["created_at"][:10] == due[:10] or task["created_at"] > due
    elements = place.who("li").get(f"/cases/{started['id']}/diagram")["elements"]
    assert elements["second"]["entered_at"] == due
    before = place.who("admin").get("/sandbox/clock")["now"]
    assert move(place, set="2030-01-01T00:00:00Z")["now"] == "2030-01-01T00:00:00Z"
    assert place.who("admin").get("/sandbox/clock")["now"] > before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "week"},
        {"advance": "P7D", "set": "2030-01-01T00:00:00Z"},
        {"advance": "-P1D"},
        {"advance": "P999999999Y"},
        {"set": "2020-01-01T00:00:00Z"},
        {"set": "2030-01-01"},
        {"set": "2030-01-01T00:00:00"},
        {"set": "9999-12-31T23:59:59-23:59"},
        {"advance": 7},
    ],
)
def test_a_clock_that_cannot_be_moved_so_is_refused(place: County, body: dict[str, Any]) -> None:
    place.who("admin").post("/sandbox/clock", body, 422)


def test_only_administrators_move_the_clock_and_only_in_a_sandbox(tmp_path: Path) -> None:
    with county(tmp_path) as place:
        place.who("admin").post("/sandbox/clock", {"advance": "P1D"}, 404)
        place.who("admin").get("/sandbox/clock", 404)
        place.who("li").post("/sandbox/clock", {"advance": "P1D"}, 403)


def test_bottlenecks_count_what_is_open_late_and_done(place: County) -> None:
    work = (
        '<userTask id="a" name="审核" minyi:nameEn="Review" minyi:group="committee" minyi:due="hours(10)"/>'
    )
    key = place.publish(bpmn(chain(work)))
    for hours in (1, 2, 12):
        task = place.task(place.start(key)["id"])
        move(place, advance=f"PT{hours}H")
        place.who("li").post(f"/tasks/{task['id']}/claim", {})
        move(place, advance="PT30M")
        place.who("li").post(f"/tasks/{task['id']}/complete", {})
    place.start(key)
    move(place, advance="PT11H")
    figures = place.who("supervisor").get(f"/monitoring/bottlenecks?definition={key}")["elements"]["a"]
    assert (figures["name"], figures["open"], figures["overdue"], figures["completed"]) == ("Review", 1, 1, 3)
    assert figures["oldest_open_seconds"] == pytest.approx(11 * 3600, abs=60)
    assert figures["wait"]["p50"] == pytest.approx(2 * 3600, abs=60)
    assert figures["work"]["p90"] == pytest.approx(1800, abs=60)
    assert figures["target_seconds"] == pytest.approx(36_000, abs=1)
    assert figures["breached_share"] == pytest.approx(1 / 3)
    assert place.who("admin").get(f"/monitoring/bottlenecks?definition={key}&version=2")["elements"] == {}
    past = "from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z"
    later = place.who("admin").get(f"/monitoring/bottlenecks?definition={key}&{past}")["elements"]["a"]
    assert (later["completed"], later["open"]) == (0, 1)
    elsewhere = f"/monitoring/bottlenecks?definition={key}&unit={place.other}"
    assert place.who("admin").get(elsewhere)["elements"] == {}
    place.who("li").get(f"/monitoring/bottlenecks?definition={key}", 403)
    place.who("admin").get("/monitoring/bottlenecks?definition=none", 404)
    place.who("admin").get("/monitoring/bottlenecks", 422)


@pytest.mark.parametrize("many", [1, 2, 7, 40])
def test_percentiles_are_exact(place: County, many: int) -> None:
    from datetime import UTC, datetime, timedelta

    key = place.publish(bpmn(chain("userTask#a@committee")))
    case_id = int(place.start(key)["id"])
    lengths = [(n * 37) % 101 + n / 4 for n in range(many)]
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    with place.app.app_context(), transaction() as session:
        session.execute(db.delete(StepRow))
        for n, seconds in enumerate(lengths):
            session.add(
                StepRow(
                    case_id=case_id,
                    ref=f"x{n}",
                    definition=key,
                    version=1,
                    process=key,
                    element="a",
                    kind="userTask",
                    unit_id=place.village,
                    entered_at=begun,
                    claimed_at=begun + timedelta(seconds=seconds),
                    left_at=begun + timedelta(seconds=seconds * 2),
                    how="left",
                )
            )
    span = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    found = place.who("admin").get(f"/monitoring/bottlenecks?definition={key}&{span}")["elements"]["a"]
    ordered = sorted(lengths)

    def expected(percent: int) -> float:
        place_, rest = divmod((many - 1) * percent, 100)
        return ordered[place_] + (ordered[min(place_ + 1, many - 1)] - ordered[place_]) * rest / 100

    for percent in (50, 90, 95):
        assert found["wait"][f"p{percent}"] == pytest.approx(expected(percent), abs=0.002)
        assert found["work"][f"p{percent}"] == pytest.approx(expected(percent), abs=0.002)
    assert found["wait"]["p50"] == pytest.approx(statistics.median(lengths), abs=0.002)


def test_health_says_what_is_missing(tmp_path: Path) -> None:
    from building_app import app_on, close

    from app import migrations

    url = f"sqlite:///{tmp_path / 'h.db'}"
    app = app_on(url, tmp_path)
    client = app.test_client()
    assert client.get("/health/live").json == {"status": "ok", "missing": []}
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["missing"]) == (503, ["migrations"])
    migrations.upgrade(url)
    assert client.get("/health/ready").json["missing"] == ["processes"]
    with app.app_context():
        from building_app import publish

        publish(bpmn(chain("userTask#a")))
    assert client.get("/health/ready").status_code == 200
    close(app)


def test_metrics_tell_the_depths_of_the_queues(place: County) -> None:
    place.start(place.publish(bpmn(chain(timer("t", "PT1H"), "userTask#a"))))
    text = place.app.test_client().get("/metrics").get_data(as_text=True)
    assert 'minyi_cases{state="running"} 1.0' in text
    for name in ("timers 1.0", "timers_due 0.0", "outbox_due", "inbox", "incidents", "tasks_overdue"):
        assert f"\nminyi_{name}" in text
