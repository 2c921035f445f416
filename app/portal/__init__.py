"""What everybody sees without signing in: notices, decisions, receipts."""
