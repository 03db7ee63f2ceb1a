"""CloudFormation generates secrets of the characters that the template asks for.

The emulator knows ExcludeCharacters only. With punctuation, one generated key in 94 began with `{`, which is how a list of keys begins:
such a stack could load nothing. On AWS it cannot happen, because the template excludes punctuation.
"""

import string
from typing import Any

from ministack.services.cloudformation import provisioners

_CLASSES = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
    "ExcludeUppercase": string.ascii_uppercase,
}


def install() -> None:
    """Exclude what is to be excluded."""
    generate = provisioners._sm_secret_string

    def of_the_characters_left(properties: dict[str, Any]) -> str:
        asked = properties.get("GenerateSecretString")
        if asked:
            gone = [characters for name, characters in _CLASSES.items() if str(asked.get(name, "")).lower() == "true"]
            asked = {**asked, "ExcludeCharacters": "".join([asked.get("ExcludeCharacters", ""), *gone])}
            properties = {**properties, "GenerateSecretString": asked}
        return str(generate(properties))

    provisioners._sm_secret_string = of_the_characters_left
