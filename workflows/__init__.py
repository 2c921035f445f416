"""The engine core: reads diagrams, checks them, and moves a case. Knows no web and no database."""
