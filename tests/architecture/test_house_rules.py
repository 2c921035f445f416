"""Guards over whole classes of mistakes: commits, settings, translations, addresses, paths."""

import re
import subprocess
from pathlib import Path

import app.translations as translations

ROOT = Path(__file__).parent.parent.parent
PYTHON = [p for folder in ("app", "workflows") for p in (ROOT / folder).rglob("*.py")]


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows."""
    found = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / line for line in found.splitlines() if (ROOT / line).is_file()]


def test_only_the_transaction_commits() -> None:
    guilty = [
        str(p.relative_to(ROOT))
        for p in PYTHON
        if re.search(r"\.commit\(\)", p.read_text()) and p.name != "transaction.py"
    ]
    assert guilty == []


def test_every_setting_is_documented() -> None:
    described = (ROOT / "docs/reference/settings.md").read_text()
    read = set(re.findall(r'"([A-Z][A-Z_]{3,})"', (ROOT / "app/config.py").read_text()))
    assert read
    assert {name for name in read if f"`{name}`" not in described} == set()


def test_every_text_for_people_has_its_chinese() -> None:
    assert translations.missing() == []


def test_lock_and_requirement_files_name_no_host() -> None:
    files = tracked("*requirements*", "frontend/package-lock.json", "frontend/.npmrc")
    assert files
    guilty = [
        f"{p.name}: {line.strip()}"
        for p in files
        for line in p.read_text().splitlines()
        if "http" in line and not re.search(r'"url"|funding|opencollective|sponsors|license', line)
    ]
    assert guilty == []


def test_no_module_grows_a_second_idea() -> None:
    long = {str(p.relative_to(ROOT)): n for p in PYTHON if (n := len(p.read_text().splitlines())) > 420}
    assert long == {}


def test_no_error_is_swallowed() -> None:
    guilty = [
        str(p.relative_to(ROOT)) for p in PYTHON if re.search(r"except[^\n]*:\n\s+pass\n", p.read_text())
    ]
    assert guilty == []
