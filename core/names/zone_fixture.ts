import { Buffer } from "node:buffer";
// @ts-types="./dns_packet.d.ts"
import dnsPacket from "dns-packet";
import type { DecodedMessage } from "./dns_packet.d.ts";
import type { Container, ContainerNetwork } from "../docker/container.ts";
import { type IpAddress, parseAddress } from "../net/address.ts";
import { answerQuery } from "./answer.ts";
import { buildZone, type Zone, type ZoneSettings } from "./zone.ts";

/** Reads an address that is one. */
export function address(text: string): IpAddress {
  const read = parseAddress(text);
  if (read === undefined) throw new TypeError(text);
  return read;
}

/** A network of a container. */
export function endpoint(
  address4: string | undefined,
  address6?: string,
  aliases: readonly string[] = [],
): ContainerNetwork {
  return {
    ...{ id: "n", name: "net", aliases },
    ...address4 === undefined ? {} : { address4: address(address4) },
    ...address6 === undefined ? {} : { address6: address(address6) },
  };
}

/** A running container. */
export function container(
  name: string,
  networks: readonly ContainerNetwork[],
  labels: Readonly<Record<string, string>> = {},
): Container {
  return { id: name, name, image: "x", labels, state: "running", networks, ports: [] };
}

/** A container of Docker Compose. */
export function replica(project: string, service: string, number: number, text: string): Container {
  return container(`${project}-${service}-${number}`, [endpoint(text, undefined, [service])], {
    "com.docker.compose.project": project,
    "com.docker.compose.service": service,
    "com.docker.compose.container-number": String(number),
  });
}

/** The zone container.internal of containers. */
export function zoneOf(containers: readonly Container[], settings: Partial<ZoneSettings> = {}): Zone {
  return buildZone(containers, {
    domain: "container.internal",
    desktop: [address("192.168.251.2"), address("fdc0:c0de:251::2")],
    hasIpv6: true,
    isReached: () => true,
    hidesUnreached: false,
    serial: 1,
    ...settings,
  });
}

/** Encodes a query; `udpSize` adds the OPT record. */
export function query(name: string, type: string, udpSize?: number): Uint8Array {
  const additionals = udpSize === undefined
    ? []
    : [{ type: "OPT", name: ".", udpPayloadSize: udpSize, flags: 0, options: [] }];
  const questions = [{ name, type }];
  return dnsPacket.encode({
    type: "query",
    id: 7,
    flags: dnsPacket.RECURSION_DESIRED,
    questions,
    additionals,
  });
}

/** Asks a zone: the code and the records' data in their order, as in "NOERROR 1.2.3.4 1.2.3.5"; authority in parentheses. */
export function ask(zone: Zone, name: string, type = "A", turn = 0): string {
  const answer = answerQuery(zone, query(name, type), undefined, turn);
  if (answer === undefined) return "none";
  const { answers = [], authorities = [], rcode } = decode(answer);
  const data = answers.map((record) => "data" in record ? textOf(record.data) : "");
  return [rcode, ...data, ...authorities.map(({ type }) => `(${type})`)].join(" ");
}

/** Decodes an answer by the library. */
export function decode(bytes: Uint8Array): DecodedMessage {
  return dnsPacket.decode(Buffer.from(bytes));
}

function textOf(data: unknown): string {
  return typeof data === "string" ? data : JSON.stringify(data);
}
