"""SS7 over IP: MAP over TCAP over SCCP over M3UA, without I/O. A lower layer knows of its user only the primitives."""
