"""Asks an interpreter of the host for what is needed to copy it; answers with one JSON object."""

import json
import os
import site
import sys
import sysconfig

json.dump(
    {
        "binary": os.path.realpath("/proc/self/exe"),
        "implementation": sys.implementation.name,
        "version": list(sys.version_info[:3]),
        "prefix": sys.base_prefix,
        "platlibdir": sys.platlibdir,
        "stdlib": sysconfig.get_path("stdlib"),
        "site_dirs": site.getsitepackages(["/usr"]),
    },
    sys.stdout,
)
