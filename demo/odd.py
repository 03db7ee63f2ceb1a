"""Files that Tidegate must refuse whole. Two of them are about people, so refusing them must not tell on anyone either."""

from demo.dice import Dice
from demo.patients import first_name, last_name, phone
from demo.records import Row, cells_of, render


def garbage(dice: Dice) -> bytes:
    """Return bytes that are no text in any encoding and no format with a signature."""
    return b"\x00\xff\xfe\x00\xc3\x28" + dice.bytes(3000)


def members(dice: Dice) -> tuple[list[Row], bytes]:
    """Return rows and bytes of a list of insured members: a good CSV file with no column of a claim."""
    rows = [
        {
            "member_number": f"MBR{dice.digits(9)}",
            "member_name": f"{first_name(dice, female=dice.chance(50))} {last_name(dice)}",
            "member_phone": phone(dice),
            "plan": dice.pick(("gold", "silver")),
        }
        for _ in range(12)
    ]
    return rows, _csv(rows)


def leads(dice: Dice) -> tuple[list[Row], bytes]:
    """Return rows and bytes of a dataset that has no contract."""
    rows = []
    for _ in range(8):
        first, last = first_name(dice, female=dice.chance(50)), last_name(dice)
        rows.append(
            {"lead_name": f"{first} {last}", "lead_email": f"{first}.{last}@post.example".lower(), "lead_phone": phone(dice)}
        )
    return rows, _csv(rows)


def _csv(rows: list[Row]) -> bytes:
    header = tuple(rows[0])
    return b"".join(render(cells) + b"\n" for cells in (header, *(cells_of(header, row) for row in rows)))
