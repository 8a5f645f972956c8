# Time zones, the locale, text encodings, the environment and the clock.
import codecs
import datetime
import locale
import os
import sys
import time
import unicodedata
import zoneinfo

assert len(zoneinfo.available_timezones()) > 400
summer = datetime.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Asia/Kathmandu"))
assert summer.utcoffset() == datetime.timedelta(hours=5, minutes=45)
os.environ["TZ"] = "Europe/Berlin"
time.tzset()
assert time.localtime(1_720_000_000).tm_gmtoff == 7200
assert locale.setlocale(locale.LC_ALL, "") and locale.getpreferredencoding() == "UTF-8"
assert sys.getfilesystemencoding() == "utf-8" and sys.stdout.encoding.lower() == "utf-8"
open("größe-✓.txt", "w").write("łódź")
assert "größe-✓.txt" in os.listdir()
for encoding in ["latin-1", "cp1252", "utf-16", "utf-8-sig", "shift_jis", "gb18030"]:
    assert codecs.lookup(encoding)
assert unicodedata.normalize("NFC", "u\u0308") == "ü"
assert os.cpu_count() >= 1 and os.path.expanduser("~") == os.getcwd()
print("ok")
