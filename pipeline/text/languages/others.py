"""Languages of which only something is known; one of which more is known deserves a module of its own."""

from __future__ import annotations

from pipeline.text.languages.values import Language, phrases, words

OTHERS = (
    Language(
        code="de",
        abbreviations=words("bzw. hr. fr. dr. prof. ca. st."),
        numbered=words("nr. s. bd. abs. kap. abb."),
        trailing=words("usw. etc. z.b. d.h. u.a. str. mio. mrd. inkl. zzgl."),
        phantoms=phrases(
            """vielen dank fur s zuschauen|vielen dank furs zuschauen|vielen dank fur ihre aufmerksamkeit|vielen dank|danke furs
            zuschauen|danke|abonniert den kanal|bis zum nachsten mal|tschuss|musik|applaus|das war s"""
        ),
        credits=(
            "untertitel im auftrag des",
            "untertitel der amara",
            "untertitelung",
            "untertitel von",
            "copyright wdr",
            "swr 20",
            "zdf 20",
        ),
    ),
    Language(
        code="fr",
        abbreviations=words("mme. mlle. mgr. dr. st. ste."),
        numbered=words("no. n°. p. pp. art. fig. vol. chap."),
        trailing=words("etc. env. cie."),
        phantoms=phrases(
            """merci d avoir regarde cette video|merci d avoir regarde|merci|abonnez vous|abonnez vous a la chaine|n oubliez pas de
            vous abonner|a bientot|musique|applaudissements"""
        ),
        credits=("sous titres realises par", "sous titrage", "sous titres par"),
    ),
    Language(
        code="it",
        abbreviations=words("sig. sig.ra dott. dott.ssa prof. avv. ing."),
        numbered=words("n. num. pag. pagg. art. fig. vol. cap."),
        trailing=words("ecc. etc. s.p.a. s.r.l."),
        phantoms=phrases(
            """grazie per aver guardato il video|grazie per la visione|grazie a tutti|grazie|iscriviti al canale|iscrivetevi al
            canale|alla prossima|musica|applausi"""
        ),
        credits=("sottotitoli creati dalla", "sottotitoli e revisione", "sottotitoli a cura di"),
    ),
    Language(
        code="pt",
        abbreviations=words("sr. sra. srta. dr. dra. prof. profa. exmo. exma. sto. sta. av. eng."),
        numbered=words("n.º nº. núm. pág. págs. art. fig. vol. cap."),
        trailing=words("etc. aprox. ltda. s.a."),
        phantoms=phrases(
            """obrigado por assistir|obrigada por assistir|obrigado|obrigada|inscreva se no canal|se inscreva no canal|inscreva se|
            ate a proxima|ate o proximo video|tchau|legenda"""
        ),
        credits=("legendas pela comunidade", "legendado por", "legendas por"),
    ),
    *(Language(code=code, spaced=False) for code in ("zh", "ja", "th", "lo", "km", "my", "yue")),
)
