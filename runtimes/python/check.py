"""Runs once in a finished tree: imports what jobs were promised and draws a chart."""

import importlib
import io
import sys

failed = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed.append(f"{name}: {error!r}")
if failed:
    sys.exit("cannot import " + "; ".join(failed))

if "matplotlib.pyplot" in sys.argv:
    from matplotlib import pyplot

    pyplot.plot([1, 2], [3, 4])
    pyplot.title("fonts")
    pyplot.savefig(io.BytesIO(), format="png")
