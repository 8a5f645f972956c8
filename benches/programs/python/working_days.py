# Works out due dates that skip weekends and holidays, and how late each payment was.
from datetime import date, timedelta

SEED = __SEED__
HOLIDAYS = {date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 1), date(2024, 12, 25)}


def is_working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def add_working_days(day, count):
    while count:
        day += timedelta(days=1)
        if is_working(day):
            count -= 1
    return day


def working_days_between(start, end):
    return sum(is_working(start + timedelta(days=i + 1)) for i in range((end - start).days))


x = SEED * 7919
late = []
for number in range(1, 13):
    x = (x * 1664525 + 1013904223) % 2**32
    issued = date(2024, 1, 1) + timedelta(days=(x >> 10) % 300)
    due = add_working_days(issued, 10)
    paid = issued + timedelta(days=(x >> 20) % 30 + 1)
    days = working_days_between(due, paid) if paid > due else 0
    late.append(days)
    print(f"INV-{number:03d} issued {issued:%a %d %b} due {due:%a %d %b} paid {paid:%d %b}"
          + (f"  {days} late" if days else ""))
print(f"{sum(d > 0 for d in late)} late, {sum(late)} working days in all")
