"""A county's worth of tasks, written straight into the tables: 200,000 tasks of 100,000 cases in 50 villages.

For measuring lists only: these cases have no state and cannot be moved.
"""

from sqlalchemy import Connection, create_engine, text

from benchmarks.place import SHORT, Place

TASKS = 200_000
VILLAGES = 50

_UNITS = """
INSERT INTO units (name, name_en, kind, parent_id, path, place, community)
SELECT '村' || n, '', 'village', parent.id, '', '', 'village'
FROM generate_series(1, :villages - 1) n, (SELECT parent_id AS id FROM units WHERE id = :unit) parent
"""
_PATHS = """
UPDATE units SET path = above.path || units.id || '/' FROM units above
WHERE above.id = units.parent_id AND units.path = ''
"""
_GROUPS = """
INSERT INTO groups (unit_id, key, name, name_en)
SELECT id, 'committee', '村民委员会', '' FROM units WHERE kind = 'village' AND id <> :unit
"""
_CASES = """
WITH villages AS (SELECT array_agg(id ORDER BY id) AS ids FROM units WHERE kind = 'village')
INSERT INTO cases (case_no, definition, version, bundle_id, title, unit_id, starter_id, state, outcome,
                   row_version, record_seq, record_hash, started_at, ended_at)
SELECT 'old-' || n, :definition, 1, (SELECT min(id) FROM bundles), '第' || n || '件', ids[1 + n % :villages],
       (CASE WHEN n % :villages = 0 THEN CAST(:people AS bigint[]) END)[1 + (n / :villages) % :many],
       CASE WHEN n % 4 = 0 THEN 'running' ELSE 'completed' END, '', 3, 4, repeat('0', 64),
       now() - n * interval '5 minutes', CASE WHEN n % 4 > 0 THEN now() END
FROM generate_series(1, :cases) n, villages
"""
_TASKS = """
INSERT INTO tasks (case_id, ref, definition, process, element, name, name_en, state, unit_id, group_id,
                   assignee_id, named, form, choices, created_at, claimed_at, due_at, done_at, done_by,
                   row_version)
SELECT c.id, 't' || step, :definition, :definition, CASE step WHEN 2 THEN 'ask' ELSE 'check' END, '审核', '',
       CASE WHEN NOT open THEN 'done' WHEN mine THEN 'claimed' ELSE 'open' END,
       c.unit_id, g.id, CASE WHEN mine OR NOT open THEN who END, false, '', '[]', c.started_at, NULL,
       CASE WHEN c.id % 3 > 0 THEN c.started_at + interval '200 days' END,
       CASE WHEN NOT open THEN c.started_at END, CASE WHEN NOT open THEN who END, 2
FROM cases c
JOIN groups g ON g.unit_id = c.unit_id AND g.key = 'committee'
CROSS JOIN generate_series(2, 3) step
CROSS JOIN LATERAL (SELECT c.state = 'running' AND step = 3 AS open) o
CROSS JOIN LATERAL (SELECT abs(hashtext(c.case_no)) AS chance) r
CROSS JOIN LATERAL (SELECT open AND c.unit_id = :unit AND chance % 5 = 0 AS mine) m
CROSS JOIN LATERAL (
  SELECT CASE WHEN c.unit_id = :unit THEN (CAST(:people AS bigint[]))[1 + (chance / 5) % :many] END AS who
) w
WHERE c.case_no LIKE 'old-%'
"""


def add_tasks(database_url: str, place: Place, *, tasks: int = TASKS) -> int:
    """Write the tasks (two a case, one case in four still open); returns how many are in the table now."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    values = {
        "villages": VILLAGES,
        "unit": place.unit_id,
        "definition": SHORT,
        "people": list(place.people),
        "many": len(place.people),
        "cases": tasks // 2,
    }
    with engine.connect() as connection:
        for statement in (_UNITS, _PATHS, _GROUPS, _CASES, _TASKS):
            _run(connection, statement, values)
        connection.execute(text("VACUUM ANALYZE"))
        found = connection.execute(text("SELECT count(*) FROM tasks")).scalar_one()
    engine.dispose()
    return int(found)


def _run(connection: Connection, statement: str, values: dict[str, object]) -> None:
    wanted = text(statement)
    connection.execute(wanted, {name: values[name] for name in wanted._bindparams})
