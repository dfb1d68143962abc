"""Words that tell what a short block is: consent, copyright, sharing, dates, prices and the like, in the larger languages.

The lists are compared by `udfs.html.page.vocabulary.word_hash`, which lower-cases ASCII letters only; words that begin with another
letter are therefore listed in both cases where they begin a line.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.page.vocabulary import word_hash

PHRASES: Final = {
    "consent": "cookie cookies consent gdpr datenschutz datenschutzerklärung privacy einwilligung zustimmen akzeptieren accept "
    "accepter consentement aceptar accetta toestemming samtycke samtykke cookiebeleid ablehnen decline einstellungen preferences",
    "copyright": "copyright © rights reserved rechte vorbehalten droits réservés derechos reservados diritti riservati impressum "
    "imprint legales legal terms agb nutzungsbedingungen policy conditions disclaimer sitemap",
    "subscribe": "subscribe subscription subscriber newsletter newsletters abonnieren abo abonnez abonner abonnement suscríbete "
    "suscribirse suscripción iscriviti abbonati assine abonneren prenumerera nyhetsbrev nyhedsbrev signup inbox e-mail email "
    "inscrivez inscription registrieren premium digital anmelden подписаться рассылка",
    "more": "more weiterlesen mehr suite plus leer más leggi continua lees verder läs les läs læs czytaj więcej читать далее "
    "continue show view see mostrar anzeigen voir learn details click here hier klicken ver",
    "share": "share teilen partager compartir condividi delen dela del facebook twitter whatsapp linkedin pinterest tweet telegram "
    "xing reddit flipboard kopieren copy link print drucken imprimer save merken follow folgen instagram youtube поделиться",
    "author": "by von par por di door av af autor author auteur autore autorin written writer geschrieben reporter redaktion staff "
    "correspondent editor redakteur redacción rédaction redazione автор text tekst",
    "date": "january february march april may june july august september october november december jan feb mar apr jun jul aug sep "
    "sept oct nov dec januar februar märz mai juni juli oktober dezember janvier février mars avril juin juillet août septembre "
    "octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre gennaio "
    "febbraio aprile maggio giugno luglio settembre ottobre dicembre januari februari maart mei augustus monday tuesday wednesday "
    "thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag ago vor hace fa geleden sedan "
    "updated aktualisiert published veröffentlicht stand publié actualizado posted uhr hours minutes stunden days tage week am pm",
    "comments": "comment comments kommentar kommentare kommentarer commentaire commentaires comentario comentarios commenti reacties "
    "reply replies antworten répondre responder respond answered says said permalink moderated комментарии ответить leave",
    "related": "related similar recommended recommendations ähnliche Ähnliche verwandte thema themen auch interessieren également "
    "connexes relacionados relacionadas también correlati gerelateerd aanbevolen relaterte relaterade popular trending latest "
    "aktuelle neueste beliebt meistgelesen lire aussi véase read also les også lue también lisää recent top stories articles "
    "like might featured",
    "login": "login log sign in einloggen connexion connecter iniciar sesión accedi inloggen password passwort account konto user "
    "username logout profil profile register registrierung",
    "advert": "advertisement advertising anzeige werbung publicité publicidad pubblicità advertentie reklame annons annonse sponsored "
    "gesponsert sponsorisé promoted ad ads affiliate",
    "tags": "tag tags topics topic schlagworte schlagwörter kategorien kategorie categories category categorías étiquettes filed "
    "under "
    "stichwörter mots clés etiquetas rubriques rubrik section posted tagged emner labels",
    "contact": "contact kontakt phone tel telefon fax address adresse contacto contatti about help jobs careers faq support team über "
    "uns home startseite accueil inicio customer service store locations",
    "commerce": "add cart price shipping stock sku buy checkout warenkorb preis versand panier prix ajouter carrito precio carrello "
    "prezzo winkelwagen basket quantity qty reviews rating stars size color sale discount off delivery bestellen kaufen usd eur order",
    "navigation": "next previous prev back top menu skip search suche suchen weiter zurück suivant précédent siguiente anterior "
    "successivo volgende vorige close schließen fermer cerrar toggle open page pages seite main content navigation all browse",
    "credit": "photo image foto bild credit credits getty reuters ap afp dpa picture alliance courtesy source quelle crédit "
    "photograph photographer illustration images imago shutterstock caption video watch symbolbild archiv file",
    "forum": "joined posts post member members reputation thread threads registered location quote quoted replied views likes like "
    "upvote "
    "solved answer answers asked question votes points karma score beiträge mitglied topic offline online edit flag",
    "docs": "install api function functions parameters parameter returns return syntax example examples usage command deprecated "
    "module version note default true false null type class method value values file code configuration",
}  # fmt: skip
"""Kinds of short blocks and their words."""

STOP_WORDS: Final = (
    "the of and to a in is that for it was on with as he be by at from this are or have not but they you we which his an were "
    "der die das und zu den von ist mit sich des auf für nicht dem ein eine als auch es im er sie wird bei sind aus dass wie nach "
    "le la les de et un une du est que qui dans pour pas au sur par plus ne se ce il sont avec "
    "el los las y en por con para una lo del al su como más pero sus ha "
    "di che è e per non da in il si della dei i nel alla o os do em um não com na no dos mais "
    "het een van dat op te zijn voor met aan niet ook er ze maar om "
    "och att det som är på för med av til og jeg har den ikke vi kan i w na się z nie jest do że to jak и в не на что с по это как"
)
"""The commonest words of some languages; their share tells prose from labels in any of them."""

STOP_BIT: Final = len(PHRASES)
N_PHRASES: Final = len(PHRASES) + 1


def _table() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    entries: dict[int, int] = {}
    for bit, words in enumerate((*PHRASES.values(), STOP_WORDS)):
        for word in words.split():
            for form in {word, word.capitalize()}:
                key = word_hash(form)
                entries[key] = entries.get(key, 0) | 1 << bit
    size = 1 << (2 * len(entries)).bit_length()
    keys, values = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
    for key, value in entries.items():
        slot = key & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], values[slot] = key, value
    return keys, values


KEYS, VALUES = _table()
"""Open addressing with linear probing; a key of 0 is a free slot, a value is a set of bits of `PHRASES`."""
