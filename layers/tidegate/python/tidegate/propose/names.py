"""What a column's name says about it: a code, a measure, a moment, an end, a person. Names are evidence, never proof."""

import re

from tidegate.engine.headers import snake_name


def word_set(words: str) -> frozenset[str]:
    """Words written with blanks between them."""
    return frozenset(words.split())


#: Digits under such a name are labels, not numbers: they stay text.
CODES = word_set(
    "id ids uid uuid guid udi key code codes cd zip zipcode postal postcode plz fips geoid phone telephone tel mobile cell fax pager"
    " ssn sin nino ein tin npi mrn dea icd icd9 icd10 snomed loinc cpt hcpcs ndc rxnorm cvx drg diagnosis dx procedure account acct iban"
    " bic swift routing isbn issn ean upc gtin sku vin plate license licence passport identifier barcode serial hash checksum"
)
#: Digits under such a name are amounts, even if all of them have the same width.
MEASURES = word_set(
    "count counts cnt total totals sum amount amt cost costs price fee charge charges payment payments balance revenue income salary qty"
    " quantity units number_of population size length width height weight area volume distance duration seconds minutes hours days weeks"
    " months years age year month day quarter score rate ratio percent pct avg average mean median min max low high value level"
    " rank position lat latitude lon lng long longitude cases deaths confirmed recovered active tests visits encounters expenses coverage"
    " utilization increase epoch timestamp time"
)
MONEY = word_set(
    "amount amt cost costs price fee charge charges payment payments paid balance revenue income salary expense expenses coverage covered"
    " uncovered outstanding total tax premium copay deductible adjustments transfers"
)
MOMENTS = word_set("date day dt dob datetime timestamp time at on birth death since until start stop begin end")
#: The moment at which something ends is often not known yet, although it is in every row of a sample.
ENDS = word_set(
    "stop stopped end ended to until close closed finish finished death died deceased discharge discharged cancel canceled cancelled"
    " deleted expiry expires expired resolved completed"
)
CHANGES = (
    {"updated", "update", "modified", "changed", "lastmodified", "lastupdated", "lastupdate"},
    {"checked", "datechecked", "loaded", "extracted", "refreshed"},
    {"version", "revision", "sequence", "seq", "lsn", "scn"},
)
CATEGORIES = word_set(
    "status state type kind class category gender sex mode method level currency unit units severity priority channel group segment stage"
    " phase role reason flag op operation action outcome result ownership modality"
)
OPERATIONS = frozenset({"op", "operation", "change_type", "dml", "cdc_operation", "action"})
_NO_ID = word_set(
    "paid unpaid prepaid valid invalid grid covid fluid rapid solid void bid acid hybrid said liquid avoid amid mid squid rigid android"
    " steroid maid afraid druid kid lid rid hid did aid bacteroid opioid typhoid"
)
_RUN_TOGETHER = ("code", "zip", "phone", "uuid", "guid", "fips", "ssn", "diagnosis", "npi")


def words_of(name: str) -> list[str]:
    """The words of a column name, lower-case: `hospitalizedCurrently` has two, `PATIENTID2` is `patientid`."""
    return [word for word in re.sub(r"[0-9]+(?=_|$)", "", snake_name(name).removeprefix("c_")).split("_") if word]


def is_identifier(name: str) -> bool:
    """Whether the name is one of an id or key."""
    words = words_of(name)
    last = words[-1] if words else ""
    return bool({"id", "uid", "uuid", "guid", "key", "identifier", "mrn"} & {last}) or (
        last.endswith("id") and len(words) == 1 and last not in _NO_ID and not re.search("[a-z][A-Z]", name)
    )


def is_code(name: str) -> bool:
    """Whether digits under this name are labels, so that leading zeros count and nobody adds them up."""
    words = words_of(name)
    if not words or words[-1] in {"count", "increase", "total"}:
        return False
    last = words[-1]
    together = last.startswith("zip") or last.endswith(_RUN_TOGETHER)
    return bool(CODES & {last, words[0]}) or is_identifier(name) or together


def is_measure(name: str) -> bool:
    """Whether the name is one of an amount or count."""
    return bool(MEASURES & set(words_of(name)))


def is_money(name: str) -> bool:
    """Whether the name is one of money."""
    words = set(words_of(name))
    return bool(MONEY & words) or any(word.endswith(("cost", "amount", "price", "outstanding")) for word in words)


def is_price(name: str) -> bool:
    """Whether the name is one of a single amount of money: it has cents even when a sample shows none."""
    words = words_of(name)
    return bool(words) and words[-1].endswith(("cost", "amount", "price", "fee", "payment", "balance", "outstanding", "salary"))


def is_moment(name: str) -> bool:
    """Whether the name is one of a date or time."""
    words = words_of(name)
    return bool(MOMENTS & set(words)) or any(word.endswith(("date", "time")) for word in words)


def is_end(name: str) -> bool:
    """Whether the name is one of an end that may be open."""
    return bool(ENDS & set(words_of(name)))


def change_rank(name: str) -> int:
    """How well a column tells which row of a key is the newest: 0 is best, 3 not at all."""
    words = set(words_of(name))
    return next((rank for rank, known in enumerate(CHANGES) if known & words), len(CHANGES))


def is_category(name: str) -> bool:
    """Whether the name is one of a closed list of words."""
    return any(word in CATEGORIES or word.endswith(("class", "type", "status", "category", "severity")) for word in words_of(name))
