import type { TrafficSample } from "../../core/metrics/traffic_history.ts";
import { DROPS } from "../../core/counters.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import type { ServerStatus } from "../status/status_document.ts";

/** What the page shows of a container. */
export interface ShownContainer {
  readonly name: string;
  readonly image: string;
  readonly state: string;
  readonly networks: readonly {
    readonly name: string;
    readonly address4?: IpAddress;
    readonly address6?: IpAddress;
  }[];
}

/** Where the page and /metrics have their facts from. */
export interface WebSources {
  /** The whole status document. */
  readonly status: () => ServerStatus;
  /** The traffic at this moment; asked for once a second. */
  readonly sample: () => TrafficSample;
  /** The running containers; undefined: they are not known, since no Engine is followed. */
  readonly containers: () => readonly ShownContainer[] | undefined;
  /** Looks for what is broken; absent: this server cannot. */
  readonly doctor?: () => Promise<unknown>;
}

/** Containers that are sent to a page; more only count. */
const MAX_SHOWN = 2_000;

/**
 * What the page draws: the status without what differs each second, so that equal texts mean that nothing has happened.
 * Nothing of it is secret: the status has no token and no key, and labels and ports of containers stay here.
 */
export function pageState(
  status: ServerStatus,
  { containers, doctor }: Pick<WebSources, "containers" | "doctor">,
): unknown {
  const { uptimeSeconds: _, counters: _counters, ...document } = status;
  const all = containers();
  return {
    ...document,
    client: without(document.client, "lastHeardSeconds"),
    refused: without(document.refused, "lastSeconds", "count"),
    names: without(document.names, "queries", "refused"),
    paths: {
      ...document.paths,
      list: document.paths.list.map((path) => without(path, "roundTripMs", "sent", "received")),
    },
    sharing: document.sharing && {
      ...without(document.sharing, "handshakes", "drops"),
      sessions: document.sharing.sessions.map((session) =>
        without(session, "lastHandshakeSeconds", "received", "sent", "dropped")
      ),
    },
    hasDoctor: doctor !== undefined,
    containers: all?.slice(0, MAX_SHOWN).map(({ name, image, state, networks }) => ({
      name,
      image,
      state,
      networks: networks.map(({ name, address4, address6 }) => ({
        name,
        addresses: [address4, address6].filter((address) => address !== undefined).map(formatAddress),
      })),
    })),
    containerCount: all?.length,
  };
}

/** What of the status differs each second. */
export function pageCounters(status: ServerStatus): unknown {
  const { client, paths, sharing, counters, uptimeSeconds } = status;
  return {
    uptimeSeconds,
    lastHeardSeconds: client?.lastHeardSeconds ?? null,
    paths: paths.list.map(({ kind, roundTripMs, sent, received }) => ({ kind, roundTripMs, sent, received })),
    sessions: sharing?.sessions.map(({ address, lastHandshakeSeconds, received, sent, dropped }) => ({
      address,
      lastHandshakeSeconds,
      received,
      sent,
      dropped,
    })) ?? [],
    drops: [...dropRows("tunnel", counters.drops), ...dropRows("sharing", sharing?.drops ?? {})],
  };
}

function dropRows(where: "tunnel" | "sharing", drops: Readonly<Record<string, number>>) {
  return Object.entries(drops).filter(([, count]) => count > 0).map(([reason, count]) => {
    const { unit, label } = DROPS[reason] ?? { unit: "packets", label: "" };
    return { where, reason, count, unit, label };
  });
}

function without<T extends object | null, K extends PropertyKey>(value: T, ...names: K[]): T | Omit<T, K> {
  if (value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name as K))) as Omit<
    T,
    K
  >;
}
