"""MTP3 user adaptation (RFC 4666)."""
