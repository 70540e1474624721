/**
 * A data plane that only writes down what it is told: times and handshakes are tested without waiting and
 * sockets.
 */
import { type Endpoint, parseEndpoint } from "../../core/net/endpoint.ts";
import { accessorPeerKeys, connectorPeerKeys, deriveTokenKeys } from "../../core/token/token_keys.ts";
import { InitiatorHandshake } from "../../core/wireguard/handshake.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import type { Traffic } from "../../core/wireguard/peer_timers.ts";
import type { TokenPeer } from "./token_peers.ts";
import type { SessionTableDeps } from "./session_table.ts";
import type { TokenSessionDeps } from "./token_session.ts";

/** Where the accessor is. */
export const PLACE: Endpoint = parseEndpoint("192.0.2.7:51820") ??
  { address: { family: 4, bytes: new Uint8Array(4) }, port: 1 };
/** The same in place of a socket address. */
export const SOURCE: Uint8Array<ArrayBuffer> = Uint8Array.of(192, 0, 2, 7);
const NEVER: Traffic = {
  ...{ dataSentAt: -Infinity, dataReceivedAt: -Infinity, sentAt: -Infinity, receivedAt: -Infinity },
  counter: 0,
};

/** The plane, and the socket. */
export class RecordedPlane {
  /** What was done, in words. */
  readonly steps: string[] = [];
  /** Handshake messages that went out. */
  readonly sent: Uint8Array<ArrayBuffer>[] = [];
  /** Local indices of the keys that were installed. */
  readonly indices: number[] = [];
  report: Traffic = NEVER;

  readonly plane: TokenSessionDeps["plane"] & SessionTableDeps["plane"] = {
    setSession: (slot) => void this.steps.push(`set ${slot}`),
    removeSession: (slot) => void this.steps.push(`remove ${slot}`),
    installKeys: (slot, keys) => {
      this.indices.push(keys.localIndex);
      this.steps.push(`install ${slot}`);
    },
    expireKeys: (slot, localIndex) =>
      void this.steps.push(`expire ${slot} ${this.indices.indexOf(localIndex)}`),
    sealAndSend: (slot, text) => void this.steps.push(`send ${slot} ${new TextDecoder().decode(text)}`),
    wantAgain: (slot) => void this.steps.push(`want ${slot} again`),
    traffic: () => this.report,
    endpoint: () => PLACE,
  };

  readonly send = (message: Uint8Array<ArrayBuffer>): void => void this.sent.push(message);

  /** What was done since the last call. */
  take(): string[] {
    return this.steps.splice(0);
  }
}

/** Both ends of a token: the server's, and the accessor's. */
export async function bothEnds(token: string): Promise<[TokenPeer, Peer]> {
  const keys = await deriveTokenKeys(
    token,
    (password) => Promise.resolve(Uint8Array.from({ length: 32 }, (_, index) => (password[0] ?? 0) + index)),
  );
  return [{ token, peer: new Peer(connectorPeerKeys(keys)) }, new Peer(accessorPeerKeys(keys))];
}

/** Begins a handshake of the accessor's. */
export function begin(accessor: Peer, now: number): InitiatorHandshake {
  const ephemeralKey = crypto.getRandomValues(new Uint8Array(32));
  return new InitiatorHandshake(accessor, {
    localIndex: 77,
    ephemeralKey,
    wallClock: 1e12 + now,
    now,
  });
}
