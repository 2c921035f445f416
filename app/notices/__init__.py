"""Public notices and objections as officials and cases handle them; what the public sees is `portal`."""
