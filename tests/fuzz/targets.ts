/**
 * All targets, and how many inputs each takes.
 *
 * @module
 */
import type { InputKind, Target } from "./target.ts";
import { accessorDatagrams } from "./targets/accessor_datagrams.ts";
import { addressTexts } from "./targets/address_texts.ts";
import { clientDatagrams } from "./targets/client_datagrams.ts";
import { commandLines } from "./targets/command_lines.ts";
import { configTexts } from "./targets/config_texts.ts";
import { darwinTexts } from "./targets/darwin_texts.ts";
import { dnsMessages } from "./targets/dns_messages.ts";
import { engineHttp } from "./targets/engine_http.ts";
import { engineJson } from "./targets/engine_json.ts";
import { engineStream } from "./targets/engine_stream.ts";
import { exposedDatagrams } from "./targets/exposed_datagrams.ts";
import { fileTexts } from "./targets/file_texts.ts";
import { firewallTexts } from "./targets/firewall_texts.ts";
import { hostsTexts } from "./targets/hosts_texts.ts";
import { netlinkMessages } from "./targets/netlink_messages.ts";
import { requestTexts } from "./targets/request_texts.ts";
import { serverDatagrams } from "./targets/server_datagrams.ts";
import { socketRequests } from "./targets/socket_requests.ts";
import { tunPackets } from "./targets/tun_packets.ts";

export const TARGETS: readonly Target[] = [
  serverDatagrams,
  clientDatagrams,
  exposedDatagrams,
  accessorDatagrams,
  engineStream,
  tunPackets,
  dnsMessages,
  netlinkMessages,
  configTexts,
  hostsTexts,
  fileTexts,
  commandLines,
  requestTexts,
  engineHttp,
  engineJson,
  socketRequests,
  firewallTexts,
  darwinTexts,
  addressTexts,
];

/** The inputs of a target, of so many of its kind. */
export function runsOf(target: Target, totals: Readonly<Record<InputKind, number>>): number {
  const shares = TARGETS.filter(({ kind }) => kind === target.kind).reduce(
    (sum, { share }) => sum + share,
    0,
  );
  return Math.ceil(totals[target.kind] * target.share / shares);
}
