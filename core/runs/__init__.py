"""Where runs live: the store, the launcher of worker processes, controls, export."""
