"""The flow's topics and what is in them, as an AsyncAPI 3 document for tools and other teams.

The payloads are the contracts' JSON Schemas, files beside the document. https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from importlib.metadata import version
from inspect import getdoc
from typing import Any, Final

from contracts.messages import MESSAGES
from dataflows.settings import TopicSettings
from dataflows.topics import flow_topics

INPUTS: Final = {"transactions": "event", "labels": "label", "decisions": "decision", "control": "control"}
"""By the setting that names the topic: the message that the flow reads there."""

OUTPUTS: Final = {
    "risk_updates": "risk-update",
    "user_risk": "user-risk",
    "policy_actions": "policy-action",
    "policy_changes": "policy-change",
    "dead_letters": "dead-letter",
}
"""By the setting that names the topic: the message that the flow writes there."""

_USER_KEY: Final = {"type": "string", "description": "the user_id, in UTF-8"}

_CLOUD_EVENT: Final = {
    "ce_specversion": "1.0",
    "ce_id": "the message's own id, the same whenever the record is written again",
    "ce_type": "sealwax. and the message's name",
    "ce_source": "the flow that wrote it",
    "ce_time": "the event time that the record belongs to, RFC 3339",
    "content-type": "application/json",
    "sealwax_received": "when the event was read that made it, epoch ms; absent where none did",
}
"""CloudEvents 1.0, Kafka protocol binding, binary content mode."""


def asyncapi() -> dict[str, Any]:
    """The document, for the topics' default names."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sealwax",
            "version": version("sealwax"),
            "description": "What Sealwax reads from Kafka and what it writes there. Topics have their default names.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, message) for name, message in (INPUTS | OUTPUTS).items()},
        "operations": {
            f"{verb}_{name}": {"action": verb, "channel": {"$ref": f"#/channels/{name}"}}
            for verb, names in (("receive", INPUTS), ("send", OUTPUTS))
            for name in names
        },
        "components": {
            "messages": {message: _message(message) for message in (INPUTS | OUTPUTS).values()},
            "messageTraits": {"cloud_event": {"headers": _headers()}},
        },
    }


def _channel(name: str, message: str) -> dict[str, Any]:
    topics = TopicSettings()
    address = getattr(topics, name)
    compacted = next(plan.compacted for plan in flow_topics(topics) if plan.name == address)
    cleanup = ["compact" if compacted else "delete"]
    return {
        "address": address,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topicConfiguration": {"cleanup.policy": cleanup}}},
    }


def _message(name: str) -> dict[str, Any]:
    contract = MESSAGES[name]
    described: dict[str, Any] = {
        "summary": (getdoc(contract) or name).partition("\n")[0],
        "payload": {"$ref": f"{name}.schema.json"},
    }
    if "user_id" in contract.model_fields:
        described["bindings"] = {"kafka": {"key": _USER_KEY}}
    if name in OUTPUTS.values():
        described["traits"] = [{"$ref": "#/components/messageTraits/cloud_event"}]
    return described


def _headers() -> dict[str, Any]:
    fields = {name: {"type": "string", "description": text} for name, text in _CLOUD_EVENT.items()}
    return {"type": "object", "properties": fields, "required": [name for name in fields if name.startswith("ce_")]}
