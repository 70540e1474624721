import { bytesToHex } from "@noble/hashes/utils.js";
import { getLogger } from "../../program/log.ts";
import {
  connectorPeerKeys,
  deriveTokenKeys,
  destroyTokenKeys,
  type Scrypt,
} from "../../core/token/token_keys.ts";
import { Mac1Lookup } from "../../core/wireguard/mac1_lookup.ts";
import type { InitiationReplayFilter } from "../../core/wireguard/timestamp.ts";
import { Peer, type PeerKeys } from "../../core/wireguard/peer.ts";

const log = getLogger("sharing");

/** Tokens that were taken out and are remembered: four times as many as there can be sessions. */
const MAX_REPLAY_FILTERS = 4096;

/** A token whose keys are known. */
export interface TokenPeer {
  /** It must never be logged. */
  readonly token: string;
  readonly peer: Peer;
}

/**
 * How many tokens are derived at the same time: one core of two, and never more than four, so that packets
 * keep flowing. Each takes 16 MiB meanwhile.
 */
export function derivationsAtOnce(cores: number): number {
  return Math.max(1, Math.min(4, cores >> 1));
}

/**
 * The tokens of a configuration as WireGuard peers. Their keys are derived in the background, a few at a time, and kept
 * for as long as the token is in the configuration; what a peer remembers of handshakes is kept with them.
 */
export class TokenPeers implements Disposable {
  readonly #mac1Lookup = new Mac1Lookup<TokenPeer>();
  readonly #peers = new Map<string, TokenPeer>();
  #wanted = new Set<string>();
  readonly #underWay = new Set<string>();
  /**
   * What is remembered of the initiations of tokens that were taken out, by public key: a token that comes back must
   * not accept a recorded one. A map keeps the order of insertion: the first one has been out for longest.
   */
  readonly #replayFilters = new Map<string, InitiationReplayFilter>();

  /** `scrypt` does the work elsewhere than on this thread, at most `atOnce` times at once. */
  constructor(readonly scrypt: Scrypt, readonly atOnce: number) {}

  /** Applies the tokens of a configuration: derives those that are new, forgets those that are gone. */
  update(tokens: readonly string[]): void {
    this.#wanted = new Set(tokens);
    for (const known of this.#peers.values()) if (!this.#wanted.has(known.token)) this.#forget(known);
    this.#proceed();
  }

  /** The count of tokens that cannot log in yet. */
  get deriving(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  /** The count of keys that an initiation may be for. */
  get size(): number {
    return this.#mac1Lookup.size;
  }

  /** Whose token an initiation was made with; at most `limit` keys are tried. */
  findPeer(initiation: Uint8Array, limit: number): TokenPeer | undefined {
    return this.#mac1Lookup.findPeer(initiation, limit);
  }

  [Symbol.dispose](): void {
    this.update([]);
  }

  /** Tokens that wait for their turn. */
  get #waiting(): string[] {
    return [...this.#wanted].filter((token) => !this.#peers.has(token) && !this.#underWay.has(token));
  }

  #proceed(): void {
    for (const token of this.#waiting.slice(0, this.atOnce - this.#underWay.size)) {
      this.#underWay.add(token);
      void this.#derive(token).finally(() => {
        this.#underWay.delete(token);
        this.#proceed();
      });
    }
  }

  async #derive(token: string): Promise<void> {
    try {
      const keys = await deriveTokenKeys(token, this.scrypt);
      if (this.#wanted.has(token)) this.#add(token, connectorPeerKeys(keys));
      destroyTokenKeys(keys);
    } catch (error) {
      log.error("Cannot derive the keys of a token", { reason: String(error) });
      // Not tried again until it is in another configuration: the next one would fail for the same reason,
      // such as no memory.
      this.#wanted.delete(token);
    }
  }

  #add(token: string, keys: PeerKeys): void {
    const publicKey = bytesToHex(keys.peerPublicKey);
    const peer = new Peer(keys, this.#replayFilters.get(publicKey));
    this.#replayFilters.delete(publicKey);
    const known = { token, peer };
    this.#peers.set(token, known);
    this.#mac1Lookup.add(peer.mac1Key, known);
  }

  #forget(known: TokenPeer): void {
    this.#peers.delete(known.token);
    this.#mac1Lookup.delete(known);
    this.#replayFilters.set(bytesToHex(known.peer.peerPublicKey), known.peer.initiations);
    if (this.#replayFilters.size > MAX_REPLAY_FILTERS) {
      const [oldest = ""] = this.#replayFilters.keys();
      this.#replayFilters.delete(oldest);
    }
    known.peer.destroy();
  }
}
