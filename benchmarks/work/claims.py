"""What every peer knows of the contract: names by type, the key of the masks, and the folder that it reads and writes."""

import hmac

COLUMNS = (
    *("claim_id", "member_number", "birth_date", "service_date", "paid_on", "received_at", "updated_at"),
    *("billed", "allowed", "paid", "copay", "units", "visits", "distance_km", "urgent", "kind", "status"),
    *("diagnosis", "procedure", "provider", "city", "note"),
)
KEY = b"the key of the benchmark"
DECIMALS = {"billed": (18, 2), "allowed": (18, 2), "paid": (18, 2), "copay": (10, 2)}
INTEGERS = ("units", "visits")
VALID = {"kind": ("A", "B", "C"), "status": ("open", "closed", "denied", "appealed")}
PATTERNS = {"diagnosis": r"[A-Z][0-9]{2}\.[0-9]", "procedure": "[0-9]{5}"}
MOST_UNITS = 999
LONGEST = {"city": 40, "note": 400}
REQUIRED = ("member_number", "service_date", "updated_at", "billed", "status")  # claim_id is the primary key
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
WHOLE = r"[+-]?[0-9]+"
REAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
US_DATE = "[0-9]{2}/[0-9]{2}/[0-9]{4}"
MOMENT = DATE + "T[0-9]{2}:[0-9]{2}:[0-9]{2}"


def decimal_pattern(precision: int, scale: int) -> str:
    """Return the pattern of texts that a decimal holds exactly."""
    whole = f"0*[0-9]{{0,{precision - scale}}}"
    return rf"[+-]?(?:{whole}\.[0-9]{{0,{scale}}}0*|{whole})"


def token(text: str) -> str:
    """Return the first 32 hex digits of a text's HMAC-SHA-256 under the key."""
    return hmac.digest(KEY, text.encode(), "sha256").hex()[:32]


def pads() -> tuple[str, str]:
    """Return the inner and outer pad of the key by RFC 2104 as hex digits, for engines that have SHA-256 but no HMAC."""
    block = KEY.ljust(64, b"\0")
    return bytes(b ^ 0x36 for b in block).hex(), bytes(b ^ 0x5C for b in block).hex()
