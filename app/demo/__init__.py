"""A made-up county to try the product with. Never loaded under MINYI_ENV=production."""
