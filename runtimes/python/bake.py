"""Runs once in a new tree: gives matplotlib a list of its own fonts, so that no run has to make one."""

import sys
from pathlib import Path

import matplotlib
import matplotlib.font_manager as fonts

find = fonts.findSystemFonts
# Without directories the function searches the host's, whose fonts no job sees.
fonts.findSystemFonts = lambda paths=None, **options: find(paths, **options) if paths else []
listing = Path(matplotlib.get_data_path(), "fontlist.json")
fonts.json_dump(fonts.FontManager(), listing)
if "DejaVuSans.ttf" not in listing.read_text(encoding="utf-8"):
    sys.exit("matplotlib does not find its own fonts: adapt bake.py")

# A cache directory must be writable to be used at all, so the module itself is told where the list is.
module = Path(fonts.__file__)
made = "\nfontManager = _load_fontmanager()\n"
baked = "\nfontManager = json_load(Path(mpl.get_data_path(), 'fontlist.json'))\n"
source = module.read_text(encoding="utf-8")
if source.count(made) != 1:
    sys.exit("this matplotlib makes its font list in another way: adapt bake.py")
module.unlink()  # the file may be a hard link into the package cache
module.write_text(source.replace(made, baked), encoding="utf-8")
