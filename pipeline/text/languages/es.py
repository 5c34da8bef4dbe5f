"""Spanish. Inflection after the Nueva gramática de la lengua española (§ 4 verbs)."""

from __future__ import annotations

from pipeline.text.languages.values import Inflection, Language, phrases, words


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


INFLECTION = Inflection(
    rules="spanish",
    reflexive="se",
    clitics="(?:(?:me|te|se|nos|os)?(?:lo|la|los|las|le|les)|(?:se)?(?:me|te|nos|os)|se)",
    endings={
        "ar, before e": _split("e es emos eis en"),
        "ar": _split(
            """o as a amos ais an aba abas abamos abais aban aste o asteis aron ar are aras ara aremos areis aran aria
                arias ariamos ariais arian aras aramos arais ase ases asemos aseis asen ad ando ado ada ados adas"""
        ),
        "er and ir, before a and o": _split("o a as amos ais an"),
        "er and ir": _split(
            """e es en ia ias iamos iais ian i iste io isteis ieron iendo ido ida idos idas iera ieras ieramos ierais
                ieran iese ieses iesemos ieseis iesen"""
        ),
        "er": _split("emos eis ed er ere eras era eremos ereis eran eria erias eriamos eriais erian"),
        "ir": _split("imos is id ir ire iras ira iremos ireis iran iria irias iriamos iriais irian"),
    },
    diphthongs=(("ue", "o"), ("ie", "e"), ("ue", "u")),
    participles={
        "ver": "visto",
        "hacer": "hecho",
        "facer": "fecho",
        "decir": "dicho",
        "poner": "puesto",
        "romper": "roto",
        "morir": "muerto",
        "volver": "vuelto",
        "solver": "suelto",
        "brir": "bierto",
        "escribir": "escrito",
        "scribir": "scrito",
        "freir": "frito",
        "imprimir": "impreso",
        "proveer": "provisto",
        "pudrir": "podrido",
    },
)

SPANISH = Language(
    code="es",
    tagger="es_core_news_sm",
    inflection=INFLECTION,
    abbreviations=words(
        """sr. sra. srta. sres. sras. dr. dra. dres. dª. dña. ej. prof. profa. sto. sta. fr. mons. exmo. exma. excmo. excma. ilmo.
        gral. cnel. tte. sgto. lic. ing. arq. avda. av. pza. ctra."""
    ),
    numbered=words("núm. nro. n.º no. nos. pág. págs. art. arts. fig. vol. tel. p. pp. ap. cf."),
    trailing=words("etc. aprox. ud. uds. vd. vds. dpto. depto. máx. mín. hab. s.a. s.l. d.c. a.c. atte. izq. dcha."),
    phantoms=phrases(
        """suscribete al canal|suscribete|suscribanse|suscribanse al canal|gracias por ver el video|gracias por ver|
        muchas gracias por ver el video|gracias por su atencion|hasta la proxima|nos vemos en el proximo video|no olvides
        suscribirte|dale like y suscribete|musica|aplausos|risas|mas informacion www alimmenta com|y|bueno"""
    ),
    credits=(
        "subtitulos por la comunidad",
        "subtitulos realizados por",
        "subtitulado por",
        "subtitulos creados por",
    ),
    negators=words("no nunca jamas sin tampoco ni ningun ninguna ninguno apenas"),
    raising=words("solo solamente tan tanto mas"),
    undoing=words("perder olvidar dejar desaprovechar dudar"),
    clause_openers=words("pero sino"),
    address=words("tu te ti os vos vosotros vosotras usted ustedes vuestro vuestra contigo tuyo"),
    connectors=words("y e o u pero entonces pues asi ademas porque que"),
    anaphora=words("eso esto ello el ella ellos ellas aquello lo"),
    dangling=words("y e o u pero que de en con por para a el la los las un una porque como si cuando"),
    greetings=words("hola bienvenido bienvenidos bienvenida bienvenidas saludos saludo"),
    fillers=words("bueno pues eh vale ya vaya em mmm"),
    hesitations=words("eh ehm em m hm um uh"),
    padding=phrases(
        "o sea|bueno|pues|pues bueno|bueno pues|digamos|a ver|es decir que|vale|vamos|en plan|pues nada|como que"
    ),
    hesitant=words("este esto entonces asi"),
    asking=words(
        """qué cómo cuándo dónde quién quiénes cuál cuáles cuánto cuánta cuántos cuántas
        sabes sabéis imaginas imagináis adivinas adivináis"""
    ),
    emphatic=words(
        "no si ya muy mas bien tan mucho mucha nunca jamas siempre todo todos nada poco casi ja je venga vamos hola adios"
    ),
    starts=words(
        """yo es son un una se me mi su les ha he hay nosotros
        ellos ellas usted ustedes cuando porque como donde tambien entonces quiero creo tengo vamos estamos"""
    ),
    amounts=words("cien ciento mil millon billon docena centenar mitad doble triple"),
    money=words("euro dolar peso libra dinero centimo precio eur"),
    clock_before=words("las a pagina punto numero capitulo ejercicio"),
)
