"""Starts Python with its program, as `start.py` does where nobody has waited for it; compiled, that costs little."""

import start

start.run_script()
