# Present values and loans, dates by rules, time zones, tables as text.
import datetime
import decimal

import numpy_financial as npf
import pytz
from dateutil import parser, relativedelta, rrule, tz
from tabulate import tabulate

assert abs(npf.npv(0.05, [-1000, 300, 420, 680]) - 254.075) < 1
assert abs(npf.irr([-100, 39, 59, 55, 20]) - 0.2809) < 1e-3
assert abs(npf.pmt(0.075 / 12, 12 * 15, 200_000) + 1854.02) < 0.01
assert parser.parse("3 March 2024 4pm").hour == 16
assert datetime.date(2024, 1, 31) + relativedelta.relativedelta(months=1) == datetime.date(2024, 2, 29)
fridays = rrule.rrule(rrule.MONTHLY, count=3, byweekday=rrule.FR(-1), dtstart=datetime.datetime(2024, 1, 1))
assert [day.day for day in fridays] == [26, 23, 29]
noon = datetime.datetime(2024, 7, 1, 12, tzinfo=tz.gettz("America/New_York"))
assert noon.astimezone(pytz.utc).hour == 16
assert decimal.Decimal("0.1") + decimal.Decimal("0.2") == decimal.Decimal("0.3")
assert tabulate([["a", 1.5]], headers=["name", "x"], tablefmt="github").count("|") == 9
print("ok")
