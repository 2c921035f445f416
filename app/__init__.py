"""The web application: people, cases and meetings around the engine core."""
