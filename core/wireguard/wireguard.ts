/**
 * The WireGuard protocol, without sockets, clocks and timers: the caller passes octets, times and random octets in, and does
 * what comes out. Import this module by `import()` where it is needed only sometimes: with its two libraries it takes
 * some 10 ms to load. The packet path imports `message.ts` and `replay_filter.ts`, which need no library.
 *
 * A tunnel with one other end is a {@linkcode Peer}; for a token its keys come from `core/token/token_keys.ts`. Times named `now` are
 * milliseconds on a monotonic clock (performance.now), `wallClock` is milliseconds since 1970.
 *
 * As the initiator (an accessor):
 *
 * ```ts
 * const peer = new Peer(accessorPeerKeys(tokenKeys));
 * const handshake = InitiatorHandshake.begin(peer, { localIndex, ephemeralKey: random32, wallClock, now });
 * send(handshake.message);
 * // a datagram that classifyMessage calls RESPONSE, whose receiverIndex is localIndex:
 * const keys = handshake.finish(datagram); // undefined: forged, nothing has changed
 * // one that it calls COOKIE_REPLY, for the same index: no answer, the next initiation carries the cookie
 * peer.macs.takeCookie(datagram, now);
 * ```
 *
 * As the responder (the server), with one Peer for each token:
 *
 * ```ts
 * keyring.add(peer.mac1Key, peer);
 * // a datagram that classifyMessage calls INITIATION:
 * const peer = keyring.find(datagram, admission.searchLimit(keyring.size, now));
 * if (peer === undefined) return; // no answer
 * switch (admission.admit(address, now, () => cookies.hasValidMac2(datagram, endpoint, now))) {
 *   case "cookie": return send(cookies.reply(datagram, peer.publicKey, endpoint, now));
 *   case "drop": return;
 * }
 * const response = respond(peer, datagram, { localIndex, ephemeralKey: random32, now });
 * if (response === undefined) return; // forged or replayed: no answer
 * send(response.message); // response.keys receive from now on, and send after the first packet came in by them
 * ```
 *
 * Between handshakes, for each peer: {@linkcode SessionSlots} says which session is sent on and which are over,
 * {@linkcode PeerTimers} when to begin a handshake, to send a keepalive and to clear keys. The packet path seals by
 * ChaCha20-Poly1305 with the nonce of four zero octets and the counter (u64, little endian), without additional data, and asks
 * {@linkcode mayAccept} before and {@linkcode accept} after it has opened a packet.
 *
 * Whatever comes from the network is an argument that may hold anything: nothing here throws for it.
 *
 * @module
 */
export {
  type Admission,
  ADMISSION_LIMITS,
  type AdmissionLimits,
  HandshakeAdmission,
} from "./handshake_rate_limiter.ts";
export { CookieIssuer, type FillRandom } from "./cookie.ts";
export { type InitiationInput, InitiatorHandshake } from "./initiator.ts";
export { Keyring } from "./mac1_lookup.ts";
export { LONGEST_JITTER, SESSION_LIMITS, type SessionLimits } from "./limits.ts";
export {
  classifyMessage,
  COOKIE_REPLY,
  INITIATION,
  KEEPALIVE_LENGTH,
  type MessageType,
  NOT_WIREGUARD,
  receiverIndex,
  RESPONSE,
  TAG_LENGTH,
  TRANSPORT,
  TRANSPORT_FIELDS,
  TRANSPORT_HEADER,
} from "./message.ts";
export { Peer, type PeerKeys } from "./peer.ts";
export { PeerTimers, type TimerAction, type Traffic } from "./peer_timers.ts";
export { accept, mayAccept, REPLAY_WINDOW, REPLAY_WINDOW_WORDS } from "./replay_filter.ts";
export { respond, type Response, type ResponseInput } from "./responder.ts";
export { SessionSlots } from "./keypairs.ts";
export { destroyTransportKeys, type TransportKeys } from "./transport_keys.ts";
