"""Cases: start one, follow it, stop it, send it messages. Doing its tasks is another slice."""
