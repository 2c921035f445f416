"""Meetings that count people: rolls, attendance, ballots, and the reckoning that moves the case."""
