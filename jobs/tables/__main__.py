"""Print ``docs/tables.md``: ``python -m jobs.tables``."""

from jobs.tables import handbook

if __name__ == "__main__":
    print(handbook(), end="")
