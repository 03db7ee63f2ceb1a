"""What the measured processes do, one module each. Those of peers run in the environment of the peers, without the package."""
