"""`hss query sri`: play a Gateway-MSC that asks where a call goes."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from hss.cli.output import Refusal

if TYPE_CHECKING:
    from hss.app.asking_map import Heard
    from hss.sigtran.map.gmsc import SriAnswer

TRANSPORTS: Final = ("tcp", "sctp")
REASONS: Final = ("not-reachable", "busy", "no-reply")  # in the order of their numbers (ForwardingReason)
SIP_PORT: Final = 5060
WIDTH: Final = 20
LINE_OCTETS: Final = 32


@click.command()
@click.argument("number")
@click.option("--peer", default="127.0.0.1:2905", show_default=True, help="HLR or STP: HOST:PORT.")
@click.option("--transport", type=click.Choice(TRANSPORTS), default="tcp", show_default=True)
@click.option("--version", type=click.IntRange(1, 3), default=3, show_default=True, help="MAP version to begin with.")
@click.option("--no-fall-back", is_flag=True, help="Do not try an older version where the HLR offers one.")
@click.option("--forwarding-interrogation", is_flag=True, help="Ask where to forward, not where to call.")
@click.option("--forwarding-reason", type=click.Choice(REASONS), help="Why; implies --forwarding-interrogation.")
@click.option("--suppress-t-csi", is_flag=True, help="Ask for the circuit-switched leg, as after a CAMEL dialogue.")
@click.option("--long-numbers", is_flag=True, help="Say that forwarded-to numbers may be long.")
@click.option("--gmsc-number", default="+491720000001", show_default=True, help="Who asks: global title of the GMSC.")
@click.option("--hlr-number", help="Global title to address. Default: NUMBER itself.")
@click.option("--on-subsystem", is_flag=True, help="Address by point code and subsystem, without a global title.")
@click.option("--point-code", default="1", show_default=True, help="Point code of the GMSC: 0-0-1 or 1.")
@click.option("--hlr-point-code", default="2", show_default=True, help="Point code of the HLR.")
@click.option("--network-indicator", type=click.IntRange(0, 3), default=2, show_default=True)
@click.option("--routing-context", type=click.IntRange(0, 0xFFFFFFFF), help="M3UA routing context. Default: none.")
@click.option("--extension-oid", default="1.3.6.1.4.1.32473.1.1", show_default=True, help="OID that names an I-CSCF.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Seconds to wait.")
@click.option("--hex", "as_hex", is_flag=True, help="Show the octets of each layer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sri(*, as_hex: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - whatever the options are
    """Ask by MAP sendRoutingInfo where a call to NUMBER goes, for example +49-171-540-7090.

    Brings up an M3UA ASP, asks, shows the answer, takes the ASP down.
    Exit status 1 where the HLR refuses, 3 where it does not answer.
    """
    heard, msisdn = _ask(given)
    if as_json:
        click.echo(json.dumps(_json(msisdn, heard, as_hex=as_hex), indent=2))
    else:
        click.echo("\n".join([*(_octets(heard) if as_hex else ()), *_shown(msisdn, heard)]))
    answer = heard.answer
    if answer.error or answer.failure:
        raise Refusal(answer.failure or f"{answer.error}")


def _ask(given: dict[str, Any]) -> "tuple[Heard, str]":
    from hss.app.asking_map import MapTarget, ask_routing_info, first_id  # noqa: PLC0415 - not needed for --help
    from hss.sigtran.client import GmscConfig  # noqa: PLC0415
    from hss.sigtran.m3ua.asp import AspConfig  # noqa: PLC0415
    from hss.sigtran.map.gmsc import Question  # noqa: PLC0415
    from schemas.addresses import PointCode  # noqa: PLC0415
    from schemas.identities import Msisdn  # noqa: PLC0415
    from schemas.numbers.m3ua import TrafficMode  # noqa: PLC0415
    from schemas.numbers.map import ForwardingReason  # noqa: PLC0415

    reason = given["forwarding_reason"]
    more = given["forwarding_interrogation"] or reason or given["suppress_t_csi"] or given["long_numbers"]
    if given["version"] < 3 and more:
        raise click.UsageError("only MAP version 3 can ask more than a number")
    context = given["routing_context"]
    try:
        question = Question(
            msisdn=Msisdn.parse(given["number"]),
            gmsc_number=Msisdn.parse(given["gmsc_number"]).digits,
            version=given["version"],
            fall_back=not given["no_fall_back"],
            forwarding_interrogation=given["forwarding_interrogation"] or reason is not None,
            forwarding_reason=None if reason is None else ForwardingReason(REASONS.index(reason)),
            suppress_t_csi=given["suppress_t_csi"],
            long_numbers=given["long_numbers"],
        )
        config = GmscConfig(
            point_code=PointCode.parse(given["point_code"]).number,
            hlr_point_code=PointCode.parse(given["hlr_point_code"]).number,
            network_indicator=given["network_indicator"],
            title=question.gmsc_number,
            hlr_title=Msisdn.parse(given["hlr_number"]).digits if given["hlr_number"] else None,
            on_subsystem=given["on_subsystem"],
            asp=AspConfig(routing_contexts=() if context is None else (context,), mode=TrafficMode.LOADSHARE),
            extension_oid=given["extension_oid"],
            first_id=first_id(),
            within_s=given["timeout"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    target = MapTarget(peer=given["peer"], transport=given["transport"], timeout_s=given["timeout"])
    return ask_routing_info(target, config, question), f"+{question.msisdn.digits}"


def _json(msisdn: str, heard: "Heard", *, as_hex: bool) -> dict[str, Any]:
    values = {"msisdn": msisdn, **asdict(heard.answer), "elapsed_s": round(heard.elapsed_s, 6)}
    del values["answered"]
    if as_hex:
        values["messages"] = [{"sent": each.sent, "octets": each.octets.hex()} for each in heard.exchanged]
    return values


def _shown(msisdn: str, heard: "Heard") -> list[str]:
    answer = heard.answer
    lines = [msisdn, *(f"  {name:<{WIDTH}} {value}" for name, value in _rows(answer) if value is not None)]
    if answer.version is not None:
        took = f"MAP version {answer.version} in {heard.elapsed_s * 1000:.1f} ms"
        lines.append(f"  {'answered by':<{WIDTH}} {took}")
    return lines


def _rows(answer: "SriAnswer") -> list[tuple[str, str | None]]:
    number = None if answer.number is None else f"+{answer.number}"
    also = ", ".join(answer.alternatives) or None
    return [
        ("I-CSCF", answer.icscf and f"{answer.icscf}:{answer.icscf_port}"),
        ("or", also),
        ("IMRN" if answer.icscf else "roaming number", number),
        ("forward to", answer.forwarded_to and f"+{answer.forwarded_to}{_because(answer)}"),
        ("IMSI", answer.imsi),
        ("MAP error", answer.error and f"{answer.error_code} {answer.error}{_detail(answer)}"),
        ("no answer", answer.failure),
    ]


def _because(answer: "SriAnswer") -> str:
    if answer.condition is None:
        return ""
    said = answer.condition.value.replace("-", " ")
    return f", {said} (voicebox or call forwarding)" if said == "not reachable" else f", {said}"


def _detail(answer: "SriAnswer") -> str:
    from hss.sigtran.map.gmsc import detail_name  # noqa: PLC0415 - not needed for --help

    name = detail_name(answer)
    return f", {name}" if name else ""


def _octets(heard: "Heard") -> list[str]:
    from hss.sigtran.layers import layers_of  # noqa: PLC0415 - not needed for --help

    lines = []
    for message in heard.exchanged:
        lines.append(">>> sent" if message.sent else "<<< received")
        for layer in layers_of(message.octets):
            lines.append(f"  {layer.layer:<5} {layer.kind}, {len(layer.octets)} octets")
            text = layer.octets.hex()
            lines += [f"    {text[at : at + 2 * LINE_OCTETS]}" for at in range(0, len(text), 2 * LINE_OCTETS)]
    return lines
