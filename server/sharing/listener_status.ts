/**
 * The part of the status document that an exposed socket has.
 *
 * @module
 */
import { formatAddress } from "../../core/net/address.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { dropsByReason } from "../../core/counters.ts";
import type { AccessorStatus, SharingStatus } from "./sharing_status.ts";
import type { ExposedListener } from "./exposed_listener.ts";

/** What the socket and its sessions say. */
export function listenerStatus(
  { socket, plane, sessions, legacy, handshakes }: ExposedListener,
  now: number,
): Pick<SharingStatus, "listen" | "legacy" | "cipher" | "sessions" | "handshakes" | "drops"> {
  const session = (slot: number, since: number | undefined): Omit<AccessorStatus, "address" | "legacy"> => {
    const facts = plane.stats(slot);
    const endpoint = plane.endpoint(slot);
    return {
      endpoint: endpoint === undefined ? null : formatEndpoint(endpoint),
      lastHandshakeSeconds: since === undefined ? null : Math.floor((now - since) / 1000),
      received: { packets: facts.receivedPackets, bytes: facts.receivedBytes },
      sent: { packets: facts.sentPackets, bytes: facts.sentBytes },
      dropped: facts.dropped,
    };
  };
  const drops = dropsByReason(plane.counters);
  const { answered, unknown, refused, cookies, shed } = handshakes.counts;
  return {
    listen: formatEndpoint(socket.localEndpoint()),
    legacy: legacy.isOn,
    cipher: plane.backend,
    sessions: [
      ...sessions.all.map(({ slot, address, handshakeAt }) => ({
        address: formatAddress(address),
        legacy: false,
        ...session(slot, handshakeAt),
      })),
      ...legacy.all.map(({ slot, address, loggedInAt }) => ({
        address: formatAddress(address),
        legacy: true,
        ...session(slot, loggedInAt),
      })),
    ],
    handshakes: answered,
    drops: {
      ...drops,
      malformed: (drops["malformed"] ?? 0) + legacy.malformed,
      unknownToken: unknown,
      handshakeRefused: refused,
      handshakeRateLimited: (drops["handshakeRateLimited"] ?? 0) + shed,
      cookieSent: cookies,
      loginRefused: legacy.refusals.count,
    },
  };
}
