"""The words of the house: values and numbers, without I/O."""
