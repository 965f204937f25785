"""Load, decide, save: one module per interface, and the read model."""
