"""Officials' work: the inbox, taking a task, handing it on, doing it."""
