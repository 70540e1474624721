/**
 * The data plane's counters: one array of doubles in shared memory, written by the Worker alone and read by the main
 * thread. Doubles count exactly to 2^53 and are stored by one instruction, so a reader never sees half a number.
 *
 * @module
 */

/** Every counter, in the order of the array. `drop.` precedes the reason why a packet or message was not delivered. */
export const counterNames = [
  "outbound.packets",
  "outbound.bytes",
  "inbound.packets",
  "inbound.bytes",
  /** When the last datagram came from the bound endpoint, milliseconds since 1970; 0: never. */
  "inbound.lastHeard",
  /** Nobody to send to: no client has said hello yet. */
  "drop.noClient",
  /** A datagram from an endpoint that is not bound. */
  "drop.foreignEndpoint",
  /** IPv6 while it is off. */
  "drop.ipv6Off",
  /** Neither a whole IP packet nor a message that belongs here. */
  "drop.malformed",
  /** A datagram longer than any packet. */
  "drop.oversize",
  /** The socket would not take it: buffer full. */
  "drop.sendBufferFull",
  /** The network refused it: no route, peer's port closed. */
  "drop.sendRefused",
  /** The interface would not take it: down, or out of memory. */
  "drop.interfaceRefused",
  /** More messages at once than the main thread takes. */
  "drop.messageBacklog",
] as const;

/** A counter's name. */
export type CounterName = (typeof counterNames)[number];

/** Counter name to index in the array. */
export const Counter: Readonly<Record<CounterName, number>> = Object.freeze(
  Object.fromEntries(counterNames.map((name, index) => [name, index])) as Record<CounterName, number>,
);

/** The array itself. */
export type CounterTable = Float64Array;

/** Octets of the shared memory that holds the counters. */
export const COUNTER_BYTES = counterNames.length * Float64Array.BYTES_PER_ELEMENT;

/** The drop counters by reason, without the prefix. */
export function dropsByReason(table: CounterTable): Record<string, number> {
  const drops: Record<string, number> = {};
  counterNames.forEach((name, index) => {
    if (name.startsWith("drop.")) drops[name.slice("drop.".length)] = table[index] ?? 0;
  });
  return drops;
}
