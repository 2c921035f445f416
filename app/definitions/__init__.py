"""Designers: check, publish, list and compare processes. Drawing happens in the browser."""
