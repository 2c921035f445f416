"""Runs the test suite and says in clear lines what could not be tested on this machine and why.

With MINYI_TEST_COMPLETE=1 (continuous integration) anything left out is a failure.
"""

import os
import shutil
import sys

import pytest


def left_out() -> list[str]:
    """What this machine lacks, as sentences."""
    missing = []
    if not os.environ.get("MINYI_TEST_POSTGRES"):
        missing.append("PostgreSQL: set MINYI_TEST_POSTGRES to the URL of a server that may create databases")
    if not shutil.which("chromium"):
        missing.append("the browser: install Debian's package chromium")
    return missing


def main() -> int:
    """Run pytest with the arguments given; returns its status."""
    missing = left_out()
    for sentence in missing:
        print(f"LEFT OUT  {sentence}")
    if missing and os.environ.get("MINYI_TEST_COMPLETE") == "1":
        print("MINYI_TEST_COMPLETE=1: nothing may be left out.")
        return 1
    status = int(pytest.main(["-n", "2", "--dist", "loadgroup", *sys.argv[1:]]))
    for sentence in missing:
        print(f"LEFT OUT  {sentence}")
    return status


if __name__ == "__main__":
    sys.exit(main())
