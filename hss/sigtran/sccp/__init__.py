"""Signalling connection control part, connectionless (ITU-T Q.711 to Q.714)."""
