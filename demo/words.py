"""Invented words: no person, place or illness here exists. The spellings are odd, so that one found in a log is a leak."""

FORENAME_HEADS = (
    "Ael",
    "Bryx",
    "Corv",
    "Dwen",
    "Fjol",
    "Gwyx",
    "Hroz",
    "Ilqua",
    "Jorv",
    "Kwin",
    "Lhyra",
    "Myxo",
    "Nwel",
    "Oztra",
    "Qued",
)
FORENAME_TAILS_F = ("dhela", "finja", "wenna", "zotta", "lunde", "quisa", "mirja", "vessa")
FORENAME_TAILS_M = ("bard", "drik", "gorn", "mund", "quist", "thwen", "vold", "zander")
SURNAME_HEADS = (
    "Quorl",
    "Brenz",
    "Thwal",
    "Skjor",
    "Vlint",
    "Drazz",
    "Hexla",
    "Grumb",
    "Pfyll",
    "Zwirn",
    "Krusk",
    "Ombry",
    "Yxter",
    "Wrenq",
)
SURNAME_TAILS = ("waite", "schmidt", "kvist", "dottir", "lowan", "nacht", "berggen", "toft", "zoon", "vitch", "marrow", "quell")
STREET_NAMES = (
    "Brindlefax",
    "Quagstone",
    "Thistlewhim",
    "Umberlock",
    "Vexhollow",
    "Wobbleford",
    "Yarrowgnash",
    "Zephyrkeep",
    "Crumblewick",
)
STREET_KINDS = ("Lokway", "Gangbend", "Stegrow", "Plassend", "Trakmoor")
TOWNS = (
    ("Quillhavn", "Brackmarsh County"),
    ("Vornstead", "Brackmarsh County"),
    ("Ostrelby", "Felldrum County"),
    ("Dunwhistle", "Felldrum County"),
    ("Mirkenford", "Saltgrave County"),
    ("Pellucidby", "Saltgrave County"),
    ("Gnarlsbury", "Highwold County"),
    ("Tarnqvist", "Highwold County"),
)
PROVINCE = "Northmarch"
RACES = ("white", "white", "white", "black", "asian", "native", "hawaiian")
ENCOUNTER_KINDS = (  # class, code, what it was for; a comma, a quotation mark and a line break are part of good data
    ("wellness", "900100001", "Yearly look over"),
    ("wellness", "900100002", "Child look over (procedure)"),
    ("ambulatory", "900200001", "Visit for a complaint"),
    ("ambulatory", "900200002", "Visit, second opinion"),
    ("outpatient", "900300001", 'Walk-in ("no appointment")'),
    ("urgentcare", "900400001", "Urgent visit"),
    ("emergency", "900500001", "Emergency visit\nbrought by ambulance"),
    ("inpatient", "900600001", "Stay of several days"),
)
REASONS = (
    ("910000001", "Hiccups, stubborn (finding)"),
    ("910000002", "Bramble fever"),
    ("910000003", "Broken little toe"),
    ("910000004", "Lantern blindness (disorder)"),
)
REGIONS = (  # country, provinces; the second country name needs quotes in a CSV file
    ("Vandria", ("Upper Vandria", "Lower Vandria", "Isles")),
    ("Ostmark, Federal", ("", "Steep Ostmark")),
    ("Quellonia", ("",)),
    ("Thornlund", ("North", "South", "Thorn City, capital")),
    ("Sunder Isles", ("",)),
    ("Merrowland", ("Coast", "Hills")),
)
HOME_COUNTRY = "Brightmoor"
DISTRICTS = ("Aldersea", "Bexfold", "Cawdrum", "Dimmet", "Eskwater", "Fennock", "Gullmere", "Harrowby")
HOME_PROVINCES = (PROVINCE, "Eastreach", "Westreach", "Highreach")
