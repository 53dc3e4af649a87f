"""Translates errors as a shop with an installed translation does: templates, but not their parameters.

``message`` is the translated template, still with its ``%name`` places; ``parameters`` and the status are the same in
every language. A message without an entry stays English, as with an incomplete language pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from daemon.sandbox.magento.shop import Wire

Language = Literal["en", "fr", "es", "de"]

_FRENCH = {
    "The consumer isn't authorized to access %resources.": "Le consommateur n'est pas autorisé à accéder à %resources.",
    "Maximum SearchCriteria pageSize is %max": "La taille de page maximale de SearchCriteria est %max",
    "Signature method %1 is not supported": "La méthode de signature %1 n'est pas prise en charge",
    "The signature is invalid. Verify and try again.": "La signature n'est pas valide. Vérifiez et réessayez.",
    "An error occurred validating the nonce": "Une erreur est survenue lors de la validation du nonce",
    "The nonce is already being used by the consumer with ID %1": (
        "Le nonce est déjà utilisé par le consommateur portant l'identifiant %1"
    ),
    "Specified token does not exist": "Le jeton spécifié n'existe pas",
    "Access token has been revoked": "Le jeton d'accès a été révoqué",
    "A consumer having the specified key does not exist": "Aucun consommateur ne possède la clé spécifiée",
    "Consumer key is not the correct length": "La longueur de la clé du consommateur n'est pas correcte",
    '"%fieldName" is required. Enter and try again.': "« %fieldName » est obligatoire. Saisissez-le et réessayez.",
    "One or more input exceptions have occurred.": "Une ou plusieurs erreurs de saisie se sont produites.",
    "Specified request cannot be processed.": "La demande spécifiée ne peut pas être traitée.",
    "Request does not match any route.": "La demande ne correspond à aucune route.",
    "The entity that was requested doesn't exist. Verify the entity and try again.": (
        "L'entité demandée n'existe pas. Vérifiez l'entité et réessayez."
    ),
    "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.": (
        "La connexion au compte est incorrecte ou votre compte est temporairement désactivé. Réessayez plus tard."
    ),
    "Please use the 2fa provider-specific endpoints to obtain a token.": (
        "Utilisez les points d'accès du fournisseur d'authentification à deux facteurs pour obtenir un jeton."
    ),
    "Please ask an administrator with sufficient access to configure 2FA first": (
        "Demandez d'abord à un administrateur disposant des droits suffisants de configurer la double authentification"
    ),
}
_SPANISH = {
    "The consumer isn't authorized to access %resources.": (
        "El consumidor no está autorizado para acceder a %resources."
    ),
    "Maximum SearchCriteria pageSize is %max": "El tamaño máximo de página de SearchCriteria es %max",
    "Signature method %1 is not supported": "El método de firma %1 no es compatible",
    "The signature is invalid. Verify and try again.": "La firma no es válida. Verifique e intente de nuevo.",
    "An error occurred validating the nonce": "Se produjo un error al validar el nonce",
    "The nonce is already being used by the consumer with ID %1": "El consumidor con ID %1 ya está usando el nonce",
    "Specified token does not exist": "El token especificado no existe",
    "Access token has been revoked": "El token de acceso ha sido revocado",
    "A consumer having the specified key does not exist": "No existe un consumidor con la clave especificada",
    "Consumer key is not the correct length": "La clave del consumidor no tiene la longitud correcta",
    '"%fieldName" is required. Enter and try again.': "«%fieldName» es obligatorio. Introdúzcalo e intente de nuevo.",
    "One or more input exceptions have occurred.": "Se han producido una o más excepciones de entrada.",
    "Specified request cannot be processed.": "La solicitud especificada no se puede procesar.",
    "Request does not match any route.": "La solicitud no coincide con ninguna ruta.",
    "The entity that was requested doesn't exist. Verify the entity and try again.": (
        "La entidad solicitada no existe. Verifique la entidad e intente de nuevo."
    ),
    "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.": (
        "El inicio de sesión es incorrecto o su cuenta está desactivada temporalmente. Espere y vuelva a intentarlo."
    ),
    "Please use the 2fa provider-specific endpoints to obtain a token.": (
        "Utilice los endpoints del proveedor de autenticación de dos factores para obtener un token."
    ),
}
_GERMAN = {
    "The consumer isn't authorized to access %resources.": (
        "Der Konsument ist nicht berechtigt, auf %resources zuzugreifen."
    ),
    "Maximum SearchCriteria pageSize is %max": "Die maximale Seitengröße von SearchCriteria ist %max",
    "Signature method %1 is not supported": "Signaturmethode %1 wird nicht unterstützt",
    "The signature is invalid. Verify and try again.": "Die Signatur ist ungültig. Bitte prüfen und erneut versuchen.",
    "An error occurred validating the nonce": "Beim Überprüfen der Nonce ist ein Fehler aufgetreten",
    "The nonce is already being used by the consumer with ID %1": (
        "Die Nonce wird bereits vom Konsumenten mit der ID %1 verwendet"
    ),
    "Specified token does not exist": "Das angegebene Token existiert nicht",
    "Access token has been revoked": "Das Zugriffstoken wurde widerrufen",
    '"%fieldName" is required. Enter and try again.': "„%fieldName“ ist erforderlich. Bitte eingeben.",
    "Specified request cannot be processed.": "Die angegebene Anfrage kann nicht verarbeitet werden.",
    "Request does not match any route.": "Die Anfrage stimmt mit keiner Route überein.",
    "The entity that was requested doesn't exist. Verify the entity and try again.": (
        "Die angeforderte Entität existiert nicht. Bitte prüfen und erneut versuchen."
    ),
    "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.": (
        "Die Anmeldung war falsch oder Ihr Konto ist vorübergehend deaktiviert. Bitte später erneut versuchen."
    ),
}
_PACKS: Mapping[Language, Mapping[str, str]] = {"en": {}, "fr": _FRENCH, "es": _SPANISH, "de": _GERMAN}


def translate(body: Wire, language: Language) -> Wire:
    """Return the error in the shop's language, with the errors inside it."""
    pack = _PACKS[language]
    return {name: _translated(name, value, pack) for name, value in body.items()}


def _translated(name: str, value: Any, pack: Mapping[str, str]) -> Any:
    if name == "message":
        return pack.get(value, value)
    if name == "errors":
        return [{**error, "message": pack.get(error["message"], error["message"])} for error in value]
    return value
