/** What a counter counts, and what its number means, for `status` and the docs. */
export interface CounterEntry {
  /** What one step of it stands for. */
  readonly unit: "packets" | "datagrams" | "bytes" | "milliseconds";
  /** A few words that continue the sentence "These are ...". */
  readonly label: string;
}

/** The counters of a tunnel by name, in the order of the array. `drop.` precedes the reason to drop something. */
export const TUNNEL_COUNTERS = {
  "outbound.packets": { unit: "packets", label: "sent to the peer" },
  "outbound.bytes": { unit: "bytes", label: "sent to the peer" },
  "inbound.packets": { unit: "packets", label: "received from the peer" },
  "inbound.bytes": { unit: "bytes", label: "received from the peer" },
  "inbound.lastHeard": { unit: "milliseconds", label: "since 1970, when the peer was last heard; 0: never" },
  "drop.noClient": { unit: "packets", label: "no client is connected yet" },
  "drop.unknownPeer": { unit: "datagrams", label: "from an endpoint that is not the peer's" },
  "drop.ipv6Off": { unit: "packets", label: "IPv6 while it is off" },
  "drop.malformed": { unit: "datagrams", label: "neither a whole IP packet nor a message for this end" },
  "drop.oversize": { unit: "datagrams", label: "longer than any packet" },
  "drop.tooLong": {
    unit: "packets",
    label: "longer than the path takes; the sender was told, if it wants to know",
  },
  "drop.sendBufferFull": { unit: "datagrams", label: "the socket's send buffer was full" },
  "drop.sendFailed": {
    unit: "datagrams",
    label: "the network refused them: no route, or the peer's port is closed",
  },
  "drop.tunWriteFailed": { unit: "packets", label: "the interface refused them: down, or out of memory" },
  "drop.controlQueueFull": { unit: "datagrams", label: "more messages than the main thread takes at once" },
} as const satisfies Readonly<Record<string, CounterEntry>>;

/**
 * The counters of a socket with sessions: those of the tunnel in their places, as the socket counts them, then its own.
 * `inbound` counts packets that sessions sent, `outbound` datagrams sent to them.
 */
export const COUNTERS = {
  ...TUNNEL_COUNTERS,
  "drop.unknownIndex": { unit: "datagrams", label: "for a receiver index that no session has" },
  "drop.decryptFailed": { unit: "datagrams", label: "failed authentication" },
  "drop.replayed": { unit: "datagrams", label: "received before, or too old to tell" },
  "drop.expiredKey": { unit: "datagrams", label: "encrypted by a key that has expired" },
  "drop.spoofedSource": { unit: "packets", label: "the source is not the address of the session" },
  "drop.notExposed": { unit: "packets", label: "the destination is not exposed" },
  "drop.sourceNotExposed": { unit: "packets", label: "the source is not exposed to the session" },
  "drop.noSession": { unit: "packets", label: "no session has the destination" },
  "drop.noSessionKey": { unit: "packets", label: "the session has no key yet" },
  "drop.notLoggedIn": { unit: "datagrams", label: "plaintext from an endpoint that is not logged in" },
  "drop.handshakeRateLimited": { unit: "datagrams", label: "more handshakes and logins than are answered" },
} as const satisfies Readonly<Record<string, CounterEntry>>;

/** Drops that the main thread counts, by reason. */
const CONTROL_DROPS: Readonly<Record<string, CounterEntry>> = {
  unknownToken: { unit: "datagrams", label: "handshakes by a key of no token" },
  handshakeRefused: { unit: "datagrams", label: "handshakes that were not authentic, or repeated" },
  cookieSent: { unit: "datagrams", label: "handshakes answered by a cookie, under load" },
  loginRefused: { unit: "datagrams", label: "plaintext logins that were refused" },
  heartbeatRefused: { unit: "datagrams", label: "heartbeats without a valid proof of the key" },
  strayMessage: { unit: "datagrams", label: "messages that are not for a client" },
  unknownCommand: {
    unit: "datagrams",
    label: "control messages with a command that this version does not know",
  },
  malformedText: { unit: "datagrams", label: "texts from the server that cannot be read" },
};

/** Name of a counter of the tunnel. */
export type CounterName = keyof typeof TUNNEL_COUNTERS;

/** Name of a counter of a socket with sessions. */
export type SessionCounterName = keyof typeof COUNTERS;

/** Counter name to index in the array of a socket with sessions. */
export const SessionCounter = Object.freeze(
  Object.fromEntries(Object.keys(COUNTERS).map((name, index) => [name, index])),
) as Readonly<Record<SessionCounterName, number>>;

/** Counter name to index in the array of a tunnel. */
export const Counter: Readonly<Record<CounterName, number>> = SessionCounter;

/**
 * The data plane's counters: one array of doubles in shared memory, written by the Worker alone and read by the main thread.
 * Doubles count exactly to 2^53 and are stored by one instruction, so a reader never sees half a number.
 */
export type CounterTable = Float64Array;

/** The counters of two paths together, in a table of their own. */
export function sumCounters(a: CounterTable, b: CounterTable): CounterTable {
  const sum = a.map((value, index) => value + (b[index] ?? 0));
  const heard = Counter["inbound.lastHeard"];
  sum[heard] = Math.max(a[heard] ?? 0, b[heard] ?? 0);
  return sum;
}

/** Bytes of the shared memory that holds the counters of a tunnel. */
export const COUNTER_BYTES = Object.keys(TUNNEL_COUNTERS).length * Float64Array.BYTES_PER_ELEMENT;

/** Bytes of the shared memory that holds the counters of a socket with sessions. */
export const SESSION_COUNTER_BYTES = Object.keys(COUNTERS).length * Float64Array.BYTES_PER_ELEMENT;

/** Every reason for which something is dropped, with what is counted. */
export const DROPS: Readonly<Record<string, CounterEntry>> = {
  ...byReason(Object.entries(COUNTERS)),
  ...CONTROL_DROPS,
};

/** The drop counters of a table of either length by reason. */
export function dropsByReason(table: CounterTable): Record<string, number> {
  const names = Object.keys(COUNTERS).slice(0, table.length);
  return byReason(names.map((name, index) => [name, table[index] ?? 0]));
}

function byReason<T>(entries: (readonly [name: string, T])[]): Record<string, T> {
  const drops = entries.filter(([name]) => name.startsWith("drop."));
  return Object.fromEntries(drops.map(([name, value]) => [name.slice("drop.".length), value]));
}
