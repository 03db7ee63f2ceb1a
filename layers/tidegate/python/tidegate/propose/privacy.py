"""Guesses at what is personal, from names and shapes. A guess too many hides a value until it is corrected; one too few shows a person."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tidegate.contracts.contract import NUMBER_KINDS, Kind, Privacy
from tidegate.propose.check_digits import is_card
from tidegate.propose.names import is_measure, word_set, words_of
from tidegate.propose.profile import Profile

_PEOPLE = (
    "patient person people member customer client user employee subscriber beneficiary applicant student citizen resident voter donor"
    " contact guest passenger tenant subject participant provider physician doctor nurse practitioner worker staff"
)
_PERSON = frozenset(word for singular in _PEOPLE.split() for word in (singular, f"{singular}s", f"{singular}id"))
_TELLTALE = (
    "ssn birthdate birthday birth dob birthplace gender sex firstname lastname surname maiden forename passport drivers marital race"
    " ethnicity religion nationality"
)
_TELLS_A_PERSON = word_set(_TELLTALE)
#: Names of persons when they stand alone: `LAST`, but not `last_update`.
_ALONE = frozenset({"first", "last", "middle", "given", "family"})
_PLACES = word_set(
    "organization organizations organisation organisations hospital hospitals facility facilities payer payers company companies store"
    " stores supplier suppliers warehouse country countries province region regions state_headquartered revenue fips admin station"
    " stations airport product products brand school schools"
)
#: Personal wherever they are.
_ALWAYS = {
    "social security number": "ssn nino sin",
    "tax number": "taxid tin itin",
    "name of a person": "firstname lastname fullname middlename surname forename maiden givenname familyname ownername username nickname"
    " vorname nachname prenom nombre apellido apellidos",
    "birth or death": "birthdate birthday dob deathdate dod birthplace geburtsdatum geburtstag naissance nacimiento",
    "licence or passport": "drivers driver passport licence license",
    "e-mail address": "email mail emailaddress",
    "number of a record or member": "mrn memberid policynumber subscriberid",
    "account or card": "iban accountnumber cardnumber creditcard pan",
    "address on the network": "ip ipaddress mac imei",
    "mark of a device": "udi vin plate",
}
_ALWAYS_BY_WORD = {word: what for what, words in _ALWAYS.items() for word in words.split()}
_PAIRS = {
    ("first", "name"), ("last", "name"), ("middle", "name"), ("full", "name"), ("given", "name"), ("family", "name"), ("owner", "name"),
    ("user", "name"), ("maiden", "name"), ("patient", "name"), ("customer", "name"), ("member", "name"), ("contact", "name"),
    ("birth", "date"), ("date", "birth"), ("birth", "place"), ("death", "date"), ("e", "mail"), ("member", "id"), ("tax", "id"),
    ("social", "security"), ("ip", "address"), ("account", "number"), ("card", "number"), ("credit", "card"), ("medical", "record"),
    ("drivers", "license"), ("of", "birth"), ("of", "death"), ("policy", "number"), ("series", "uid"), ("instance", "uid"),
}  # fmt: skip
#: Personal only where a row is about a person.
_OF_A_PERSON = {
    "name of a person": "name names",
    "address": "address street strasse adresse direccion addr line1 line2 address1 address2 city town county village",
    "post code": "zip zipcode postal postcode plz",
    "telephone": "phone telephone tel mobile fax cell telefon",
    "position": "lat latitude lon lng long longitude geo",
}
_OF_A_PERSON_BY_WORD = {word: what for what, words in _OF_A_PERSON.items() for word in words.split()}
_WITHOUT_CONTEXT = frozenset({"address", "post code", "telephone"})
_NOTES = word_set("note notes comment comments remark remarks memo freetext narrative div message linenote")
_MOSTLY = 0.8
_PATH = re.compile(r"[a-z0-9_](?:\.|\[')", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Context:
    """Whom the rows are about, and which word says so."""

    person: str = ""
    reference: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """A classification (empty: public), the privacy that it needs beside the default, and why."""

    classification: str = ""
    privacy: Privacy | None = None
    evidence: str = ""

    @property
    def hidden(self) -> bool:
        """Whether the values do not reach the table as they are."""
        return self.classification in {"personal", "sensitive"}


def context_of(dataset: str, names: Iterable[str]) -> Context:
    """Tell from the dataset's name and the columns' names whether the rows are about persons, refer to them, or neither."""
    columns = [(name, set(words_of(name))) for name in names]
    named = set(words_of(dataset.replace(".", "_")))
    telling = next((name for name, words in columns if words & _TELLS_A_PERSON or (len(words) == 1 and words & _ALONE)), "")
    person = telling or next(iter(sorted(named & _PERSON)), "")
    place = next(iter(sorted(named & _PLACES)), "") or next((name for name, words in columns if words & _PLACES), "")
    referring = next((name for name, words in columns if words & _PERSON), "")
    return Context(person if telling or not place else "", referring, place)


def guess(profile: Profile, kind: Kind, context: Context) -> Guess:
    """Classify one column. The name of a member of an object is looked at with the names around it, and by itself."""
    words = words_of(profile.name)
    inner = ["_".join(words[-2:]), words[-1]] if words and _PATH.search(profile.name) else []
    guesses = [_guess(replace(profile, name=name), kind, context) for name in (profile.name, *inner)]
    return next((g for g in guesses if g.hidden), guesses[0])


def _guess(profile: Profile, kind: Kind, context: Context) -> Guess:  # noqa: PLR0911 - one answer a case
    content = _content(profile)
    if content:
        return _personal(kind, content)
    words = words_of(profile.name)
    pairs = set(itertools.pairwise(words))
    joined = "".join(words)
    named = next((_ALWAYS_BY_WORD[w] for w in (*words, joined) if w in _ALWAYS_BY_WORD), "")
    named = named or ("name of a person" if len(words) == 1 and words[0] in _ALONE and kind is Kind.STRING else "")
    counted = kind in NUMBER_KINDS and is_measure(profile.name)  # such as email_count
    if (named or pairs & _PAIRS) and kind is not Kind.BOOLEAN and not counted:
        return _personal(kind, f"the name says: {named or 'identifies a person'}")
    local = next((_OF_A_PERSON_BY_WORD[w] for w in reversed(words) if w in _OF_A_PERSON_BY_WORD), "")
    if local and len(words) <= 2:  # noqa: PLR2004 - such as home_address
        if context.person:
            return _personal(
                kind,
                f"the name says: {local}; {_safe(context.person)} tells that rows are about persons",
                zip_code=local == "post code",
            )
        if local in _WITHOUT_CONTEXT and not context.place:
            return _personal(kind, f"the name says: {local}; nothing tells whether of a person", zip_code=local == "post code")
        if local in _WITHOUT_CONTEXT or local == "position":
            about = (
                f"{_safe(context.place)} tells that rows are about places or organizations"
                if context.place
                else "nothing tells of a person"
            )
            return Guess(evidence=f"{local}, but {about}: public")
    about = context.person or context.reference
    if about and profile.probes and all(p.startswith(("[{", '{"')) for p in profile.probes):
        return _personal(
            kind, "objects, whose members may tell who it is: give those that are needed columns of their own, by their paths"
        )
    if set(words) & _NOTES:
        return Guess("confidential", evidence="free text: it may name persons, classify it sensitive if it does")
    return Guess("confidential", evidence="") if about else Guess()


def _content(profile: Profile) -> str:
    for pattern, what in (("emails", "e-mail addresses"), ("ssns", "shaped like social security numbers")):
        if profile.share(pattern) >= _MOSTLY:
            return f"{profile.matching[pattern]:,} of {profile.plain:,} are {what}"
    few = 3
    cards = [p for p in profile.probes if is_card(p)]
    if len(cards) >= few and len(cards) == len(profile.probes):
        return "the texts that were looked at have the check digit of payment cards"
    return ""


def _personal(kind: Kind, why: str, *, zip_code: bool = False) -> Guess:
    if kind is Kind.STRING and zip_code:
        return Guess("personal", Privacy.ZIP3, why)
    if kind in {Kind.STRING, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        return Guess("personal", None, why)
    return Guess("personal", Privacy.REDACT, why)


def _safe(word: str) -> str:
    """A column name as a comment may show it."""
    return " ".join(word.split())
