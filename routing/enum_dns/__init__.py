"""ENUM (RFC 6116): question octets to answer octets."""
