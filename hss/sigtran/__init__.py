"""SIGTRAN: MAP over TCAP over SCCP over M3UA. No I/O."""
