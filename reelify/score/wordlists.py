"""Small closed lists of Spanish and English words, folded lemmas, that rhetorical patterns are built from.

They name functions of speech (greeting, filling, announcing, judging), not subjects. Stakes follow what is shared most:
high arousal of either sign (Berger & Milkman 2012; Brady et al. 2017). What belongs to a language as such (denials, pronouns,
fillers, numbers) is in :mod:`pipeline.text.languages`.
"""

from __future__ import annotations

from pipeline.text.languages.known import everywhere


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATORS = everywhere(lambda known: known.negators)
CLAUSE_END = _words(", . ; : ! ? … ( ) — – ¿ ¡") | everywhere(lambda known: known.clause_openers)
UNDOING = everywhere(lambda known: known.undoing)
"""Verbs whose negation affirms what follows: "no te pierdas esta oferta", "don't miss this deal"."""
RAISING = everywhere(lambda known: known.raising)
"""Words between a negation and a keyword that make it stronger, not weaker: "no solo es gratis", "never been so happy"."""

BELOVED = _words("te os me nos")
LITTLE = _words("mucho muchisimo tanto muy un monton poco todavia siempre")
"""Whom one loves, and how much: "te quiero mucho"."""

CALLS = _words("""suscribir comentar compartir seguir apuntar etiquetar registrar descargar reservar probar pulsar clicar
subscribe comment share follow like click tag download book grab register""")
ADDRESS = everywhere(lambda known: known.address)
THIRD = _words("he she him her his hers ella él")
CURIOSITY = _words("""secreto truco error motivo verdad mentira misterio enigma confesion clave trampa sorprender descubrir
demostrar revelar confesar ocultar esconder culpa prohibido raro extrano curioso imaginar adivinar polemica
secret trick mistake truth lie mystery confession hack reveal discover prove confess hide hidden strange weird imagine guess
controversial surprise surprising warn warning truco-secreto""")
STAKES = _words("""morir muerte muerto matar perder perdida llorar lagrima miedo terror panico estafa castigo ruina arruinar robar
salvar insultar molestar humillar gritar reir risa verguenza dolor sufrir abandonar divorcio carcel enfermedad cancer odiar
asco rabia furia traicion traicionar mentir fracaso fracasar despedir accidente desastre catastrofe milagro sueno felicidad
loco locura brutal alucinar alucinante espectacular terrible horrible imposible peligro peligroso injusto injusticia mierda
desnudo sangre guerra pelear luchar vencer ganar victoria cambiar vida salvaje perdonar suicidio embarazo hambre pobreza
die death dead kill lose loss cry tear fear terror panic scam punishment ruin steal save insult offend humiliate scream laugh
shame pain suffer abandon divorce jail prison illness cancer hate disgust rage fury betray failure fail fire accident disaster
catastrophe miracle dream crazy insane brutal mindblowing terrible horrible impossible danger dangerous unfair naked blood war
fight beat victory change life wild forgive sober quit broke cost destroy addiction addict pregnant homeless""")
KIN = _words("""padre madre papa mama hijo hija hermano hermana abuelo abuela marido mujer esposa novio novia familia amigo
father mother dad mum mom son daughter brother sister grandfather grandmother husband wife boyfriend girlfriend marriage friend
""")
ABSOLUTE = _words("""nunca jamas nadie siempre unico ultimo ningun ninguno absolutamente completamente
never nobody ever always only last none everything everyone nothing absolutely completely""")
EXTREME = _words("""mejor peor mayor minimo maximo best worst most least biggest greatest strangest weirdest""")
CONTRAST = _words("pero sino aunque embargo cambio but however although though yet instead except")
GREAT = everywhere(lambda known: known.amounts)
MONEY = everywhere(lambda known: known.money)
GREETING = everywhere(lambda known: known.greetings)
PHRASES_HOUSEKEEPING = (
    "buenos dias", "buenas tardes", "buenas noches", "gracias por", "muchas gracias", "hasta la semana", "hasta aqui",
    "hasta el", "nos vemos", "nuevo episodio", "antes de empezar", "programa de hoy", "terminamos por hoy", "la semana que viene",
    "good morning", "good evening", "good afternoon", "thanks for", "thank you for", "see you", "next week", "that is all",
    "that s all", "be back", "another episode", "joining us", "before we start", "before we begin", "moving on", "in the studio",
    "orden del dia", "pasamos ahora", "en cuanto a",
)  # fmt: skip
FILLERS = everywhere(lambda known: known.fillers)
PHRASES_FILLER = (
    "o sea", "en fin", "mas o menos", "la verdad es que", "y eso", "por ahi", "muy bien", "un poco", "a veces", "y nada", "depende",
    "you know", "i mean", "kind of", "sort of", "i guess", "a bit", "it depends", "or something", "and stuff", "we will see",
)  # fmt: skip
PHRASES_CURIOSITY = (
    "sabias que", "sabes que", "sabes por que", "quereis saber", "quieres saber", "nadie ensena", "nadie te", "que nadie",
    "lo que tu", "no quiere que sepas", "te explico", "os explico", "te cuento", "os cuento", "os doy", "te doy", "te lo voy a",
    "voy a decir", "lo digo", "lo que paso", "resulta que", "y entonces", "no te lo vas a creer", "es por esto", "esto es lo que",
    "did you know", "do you know", "what if", "here is", "here s", "this is why", "that is why", "nobody tells", "no one tells",
    "let me show", "let me tell", "i am going to", "i m going to", "you will not believe", "you won t believe", "turns out",
    "the day i", "el dia que", "never said", "read that again", "if i told you", "stop", "deja de", "unpopular opinion",
)  # fmt: skip
CONNECTORS = everywhere(lambda known: known.connectors)
ANAPHORA = everywhere(lambda known: known.anaphora)
DANGLING = everywhere(lambda known: known.dangling)
CLOCK_BEFORE = everywhere(lambda known: known.clock_before)
TURNING = _words("""ahora hoy bueno luego oye mira vale venga total antes otra hablando seguimos pasamos volviendo
now today well okay so anyway right next another speaking moving before first finally look listen""")
"""Words that begin something else."""
