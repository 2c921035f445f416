"""What supervisors see: figures over projected rows, never from opening cases."""
