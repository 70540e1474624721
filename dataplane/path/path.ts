import type { TxQueue } from "../../core/packet/tx_queue.ts";

/** The paths that carry datagrams through a program; `direct` is a route of the system and needs none. */
export const CARRIED_PATHS = ["udp", "engine"] as const;

/** One of them. */
export type CarriedPath = typeof CARRIED_PATHS[number];

/** What {@linkcode Path.room} says where nothing bounds it. */
export const UNBOUNDED: number = 1 << 30;

/**
 * A path to the peer, as the packet loop sees it. Memory that is handed to it stays the caller's: when a method returns, the
 * path has sent or copied what it needs. No method throws or allocates.
 */
export interface Path {
  readonly kind: CarriedPath;
  /** The peer has proven itself there, so packets may go and come. */
  isBound: boolean;
  /** Whether packets that the kernel has not cut yet cross whole. */
  readonly takesLarge: boolean;
  /** Bytes of packets that may still be read for it; below 1: none, until the path has heard of its peer. */
  readonly room: number;
  /** Sends the datagrams of the list that have an endpoint; what cannot be sent is counted. */
  send(list: TxQueue): void;
  /** Sends the probe at byte offset `at`, which is not counted as a packet. */
  sendProbe(at: number): void;
}
