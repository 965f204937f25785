"""Sockets: TCP, TLS, SCTP, UDP. Drives any machine; knows none."""
