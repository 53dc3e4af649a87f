"""Shops that speak another language than English: Magento translates its messages, and not what stands beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.property.simulation.wire import Reply

_LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "Maximum SearchCriteria pageSize is %max": "La taille de page maximale est de %max",
        "The entity that was requested doesn't exist. Verify the entity and try again.": (
            "L'entité demandée n'existe pas. Vérifiez l'entité et réessayez."
        ),
        "Request does not match any route.": "La requête ne correspond à aucune route.",
        "": "Une erreur interne est survenue.",
    },
    "es": {
        "Maximum SearchCriteria pageSize is %max": "El tamaño máximo de página es %max",
        "The entity that was requested doesn't exist. Verify the entity and try again.": (
            "La entidad solicitada no existe. Verifique la entidad e inténtelo de nuevo."
        ),
        "Request does not match any route.": "La solicitud no coincide con ninguna ruta.",
        "": "Se ha producido un error interno.",
    },
    "ja": {
        "Maximum SearchCriteria pageSize is %max": "ページサイズの上限は%maxです",
        "": "内部エラーが発生しました。",
    },
}
LANGUAGES = tuple(_LANGUAGES)


def translated(reply: Reply, language: str) -> Reply:
    """Return the answer as a shop of this language gives it: a refusal in its words, anything else as it is."""
    if reply.status < 400 or not reply.headers.get("Content-Type", "").startswith("application/json"):
        return reply
    body = json.loads(reply.body)
    if "message" not in body:
        return reply
    words = _LANGUAGES[language]
    said = json.dumps({**body, "message": words.get(body["message"], words[""])}).encode()
    return Reply(reply.status, {**reply.headers, "Content-Length": str(len(said))}, said)
