"""Transaction capabilities (ITU-T Q.771 to Q.774)."""
