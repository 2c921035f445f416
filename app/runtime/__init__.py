"""The one write path: lock → load → act → save → project → record → outbox → commit, once."""
