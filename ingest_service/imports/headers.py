"""What a column's name says about it: the words that survey and review tools use (pure).

Names are compared as lower-case words: `overallRating`, `overall_rating` and "Overall rating" are the same.
"""

from __future__ import annotations

import re
from typing import Final

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[^\w#]+|_+")


def words(name: str) -> str:
    """The name as lower-case words divided by single spaces."""
    return " ".join(part for part in _NOT_WORD.split(_CAMEL.sub(" ", name[:300]).lower()) if part)


def slug(name: str, limit: int = 64) -> str:
    """The name as an identifier: lower-case words joined by underscores, never empty."""
    return "_".join(words(name).split())[:limit].strip("_") or "column"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"(?:^|(?<=\s))(?:" + "|".join(patterns) + r")(?:$|(?=\s))")


NPS: Final = _any(
    r"e?nps(?: score| rating)?",
    r"net promoter.*",
    r".*\blikely\b.*\brecommend\w*\b.*",
    r".*\blikelihood\b.*\brecommend\w*\b.*",
    r".*\brecommend\w*\b.*\b(?:likely|likelihood|scale|score|0 10|0 to 10)\b.*",
    r"ltr",
    r"would you recommend.*",
    r".*\bwahrscheinlich\b.*\bempfehlen\b.*",
    r"(?:weiter)?empfehlung\w*\b.*",
    r".*\bprobab\w*\b.*\brecommand\w*\b.*",
    r".*\bprobab\w*\b.*\brecomend\w*\b.*",
)
CSAT: Final = _any(
    r"csat(?: score)?",
    r"(?:overall )?(?:customer )?satisfaction(?: score| rating| level)?",
    r".*\b(?:how )?satisfied\b.*",
    r".*\bzufrieden\b.*",
    r".*\bsatisfait\w*\b.*",
    r".*\bsatisfech\w*\b.*",
)
CES: Final = _any(
    r"ces(?: score)?",
    r"customer effort(?: score)?",
    r".*\bhow easy\b.*",
    r".*\bmade it easy\b.*",
    r".*\beffort\b.*",
    r"ease(?: of .*)?",
    r".*\beasy (?:was|is) it\b.*",
)
EFFORT: Final = re.compile(r"\b(?:how much|amount of|level of) effort\b")
"""Asked so, a high number means much effort: less is better."""
STARS: Final = _any(
    r"(?:no of |number of )?stars?(?: rating)?", r"star rating", r"app ?store rating", r"review (?:score|rating)"
)
OVERALL: Final = _any(
    r"(?:overall|total|general|average|final|customer|user|review|your)? ?(?:rating|score|rate|grade|"
    r"mark|note|bewertung|puntuaci[oó]n|valoraci[oó]n)s?(?: out of \d+| \d+ \d+| of \d+)?",
    r"overall",
    r"(?:rating|score) (?:value|overall|given)",
    r"rating out of \d+",
)
OUT_OF: Final = re.compile(r"\bout of (\d{1,3})\b|(?<!\d)/ ?(\d{1,3})\b")
RANGE: Final = re.compile(r"(?<!\d)(\d)\s*(?:-|–|to|bis|à|a|\.\.)\s*(5|6|7|9|10|100)(?!\d)")
NOT_A_SCORE: Final = _any(
    r"(?:.* )?(?:age|count|qty|quantity|number|num|no|nr|id|ids|year|month|day|week|hour|minute|"
    r"minutes|seconds|version|build|price|amount|revenue|cost|total|nights|visits?|children|adults|"
    r"guests|duration|zip|postcode|code|rank|index|row|votes?|likes?|helpful|thumbs up|retweets?|"
    r"replies|followers|length|size|lat|latitude|lon|lng|longitude)(?: .*)?",
)
ASPECT: Final = _any(
    r"(?:.* )?(?:comfort|comfortable|clean|cleanliness|staff|service|services|food|beverages?|drinks?|"
    r"catering|value|value for money|location|quality|speed|delivery|rooms?|seats?|seat comfort|"
    r"legroom|entertainment|wifi|connectivity|atmosphere|ambian?ce|cabin|ground|check ?in|boarding|"
    r"bar|washrooms?|friendliness|friendly|communication|accuracy|amenities|design|usability|ease|"
    r"support|reliability|performance|features?|functionality|price|pricing|parking|noise|waiting|"
    r"wait|knowledge|helpfulness|professionalism|courtesy|packaging|selection|variety|taste|portion|"
    r"freshness|sleep|breakfast|pool|facilities|security|queuing|queue|shopping|signage)(?: rating|"
    r" score)?",
)
YES_NO: Final = _any(r"recommended", r"is .*", r"has .*", r"would .*", r".*\?")

TEXT: Final = _any(
    r"(?:.* )?(?:comments?|reviews?|feedback|verbatims?|text|reason|reasons|content|message|body|"
    r"answers?|responses?|suggestions?|remarks?|opinion|description|tweet|post|notes?|kommentar|"
    r"commentaires?|comentarios?|explanation|complaint|narrative|transcript|details)(?: text| body|"
    r" content| message)?",
    r"(?:why|what|how|please|tell us|anything|where|which|could|can|is there) .*",
    r"reason (?:for|of|behind) .*",
    r"improvements?",
)
TEXT_SURELY: Final = _any(
    r"(?:\w+ )?(?:comments?|feedback|verbatims?|text|review|kommentare?|commentaires?|comentarios?)",
)
"""Names that mean the words of a customer even where all of them are short. Two words at most: a line of names
whose delimiter was not found is none of them."""
TITLE: Final = _any(
    r"(?:review |comment |post )?(?:title|subject|headline|summary|heading|titel|titre|t[ií]tulo|"
    r"betreff)"
)
DATE: Final = _any(
    r"(?:.* )?(?:date|datetime|date time|time|timestamp|created|created at|submitted|submitted at|"
    r"submit date|recorded date|end date|completed|completed at|at|when|day|datum|fecha|data|posted|"
    r"posted at|answered at|received at|occurred at|on)",
)
DATE_BEST: Final = _any(
    r"(?:response|review|submit|submitted|submission|answer|answered|feedback|comment|created|"
    r"creation|completed|occurred|tweet|posted|survey|recorded|end|interview)(?: .*)?",
    r"date",
    r"at",
    r"timestamp",
    r"datetime",
)
DATE_WORSE: Final = _any(
    r"(?:.* )?(?:birth|dob|start|started|updated|modified|last|due|invited|sent|order|purchase|visit|"
    r"flown|signup|joined|expiry|flight|travel|stay)(?: .*)?"
)
ID_BEST: Final = _any(
    r"(?:response|review|submission|feedback|survey response|answer|tweet|comment|ticket|respondent|"
    r"entry|record|post|conversation|case|interview|message|result)s? ?(?:id|uuid|guid|key|number|no|"
    r"nr|ref|reference|#|token)"
)
ID: Final = _any(r"(?:id|uuid|guid|key|ref|reference|#|token|submission id|external id)")
CUSTOMER_ID: Final = _any(
    r"(?:customer|client|user|member|account|contact|guest|patient|subscriber|buyer|shopper|loyalty|"
    r"profile|person|crm|employee|passenger|reviewer|author|external user|distinct)(?: ?(?:id|uuid|"
    r"guid|key|number|no|nr|ref|reference|#|external id|code))",
    r"(?:uid|userid|customerid|crmid)",
)
EMAIL: Final = _any(r"(?:.* )?(?:e ?mail|email address|e mail address|mail)")
PHONE: Final = _any(
    r"(?:.* )?(?:phone|mobile|telephone|cell|cellphone|msisdn|tel|phone number|mobile number|telefon|"
    r"handy|whatsapp)"
)
NAME: Final = _any(
    r"(?:customer|client|user|full|contact|guest|respondent|reviewer|author|member)? ?(?:name|"
    r"username|user name|display name)",
    r"(?:reviewer|author)",
)
FIRST_NAME: Final = _any(r"(?:first|given|fore) ?name", r"vorname", r"pr[eé]nom", r"nombre")
LAST_NAME: Final = _any(r"(?:last|family|sur) ?name", r"surname", r"nachname", r"apellidos?")
CHANNEL: Final = _any(r"(?:feedback |survey |contact |response )?(?:channel|medium|kanal|canal)(?: name)?")
SOURCE: Final = _any(r"(?:data |feedback |survey |review )?(?:source|platform|origin|quelle)(?: name)?")
UNIT: Final = _any(
    r"(?:.* )?(?:store|branch|location|shop|site|region|area|team|department|office|outlet|property|"
    r"hotel|restaurant|unit|business unit|facility|clinic|ward|trust|depot|filiale|standort|centre|"
    r"center)(?: name)?",
)
TOUCHPOINT: Final = _any(
    r"(?:.* )?(?:touch ?point|journey|journey stage|stage|step|phase|interaction|trigger|survey event|"
    r"moment)(?: name)?"
)
LANGUAGE: Final = _any(r"(?:.* )?(?:language|lang|locale|sprache|langue|idioma)(?: code)?")
ROW_COUNTER: Final = _any(
    r"unnamed \d+", r"column \d+", r"index", r"row(?: ?(?:number|no|id|num|nr))?", r"#", r"no", r"nr", r"id", r"x"
)


def range_in(name: str) -> tuple[float | None, float] | None:
    """The scale in a name: "(1-7)", "0 to 10", "out of 10", "/5": (lower bound or None, upper bound)."""
    lowered = " ".join(name[:300].replace("_", " ").lower().split())
    found = RANGE.search(lowered)
    if found:
        return float(found[1]), float(found[2])
    found = OUT_OF.search(lowered)
    if found:
        return None, float(found[1] or found[2])
    return None
