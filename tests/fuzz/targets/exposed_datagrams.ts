/**
 * Datagrams at a server's exposed socket, with the handshakes and logins behind it: before a session, and in one. An input comes as
 * it is, from a stranger or from where an accessor is, or sealed as the text of a message of the session.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../../core/config/config.ts";
import { formatAddress, type IpAddress } from "../../../core/net/address.ts";
import { prefixContains } from "../../../core/net/prefix.ts";
import { type Endpoint, equalEndpoint, formatEndpoint } from "../../../core/net/endpoint.ts";
import { accepted } from "../../../core/wireguard/handshake_fixture.ts";
import { Mac1Lookup } from "../../../core/wireguard/mac1_lookup.ts";
import { classifyMessage, INITIATION, NOT_WIREGUARD, RESPONSE } from "../../../core/wireguard/message.ts";
import type { Peer } from "../../../core/wireguard/peer.ts";
import type { SessionEvent } from "../../../dataplane/worker_channel.ts";
import { linuxSocketAddress } from "../../../ffi/udp/socket_address.ts";
import { Handshakes } from "../../../server/sharing/handshakes.ts";
import { LegacyLogins } from "../../../server/sharing/legacy_logins.ts";
import { LoginTexts } from "../../../server/sharing/login_texts.ts";
import { begin, bothEnds } from "../../../server/sharing/recorded_plane_fixture.ts";
import { SessionTable } from "../../../server/sharing/session_table.ts";
import type { TokenPeer } from "../../../server/sharing/token_peers.ts";
import { TokenSession } from "../../../server/sharing/token_session.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { address, endpoint } from "../../literals.ts";
import { EXPOSED_ROUTE, ExposedSocket, OWN_ADDRESS, SLOTS, VIRTUAL_NETWORK } from "../exposed_socket.ts";
import type { Random } from "../random.ts";
import { MAX_SEALED, Sealer } from "../sealed.ts";
import type { Subject, Target } from "../target.ts";

/** The session's accessor, and a token that nobody has logged in by. */
const TOKENS = [
  { name: "anna-5m8v0q2xk7c4n9w1z3t6y8r0p2", address: address("192.168.251.3") },
  { name: "bert-2c5w9y1k4t7m0q3v6x8z1n4r7s", address: address("192.168.251.4") },
];
const ACCESSOR_AT = endpoint("192.0.2.7:51820");
const STRANGERS = [endpoint("192.0.2.9:40001"), endpoint("[2001:db8::9]:40002")];

class Server implements Disposable {
  readonly #clock = new FakeClock(1e12);
  readonly #sessions: SessionTable;
  readonly #handshakes: Handshakes;
  readonly #legacy: LegacyLogins;
  /** Octets received from each sender that is no session, and sent to it. */
  readonly #received = new Map<string, number>();
  readonly #answered = new Map<string, number>();
  #response: Uint8Array<ArrayBuffer> | undefined;
  /** The initiation that made the session, which others have recorded. */
  #recorded = new Uint8Array();
  #sealer: Sealer | undefined;
  #hasSession = false;
  #isFromClient = false;

  constructor(
    readonly socket: ExposedSocket,
    readonly peers: readonly TokenPeer[],
    readonly accessor: Peer,
    legacy: boolean,
  ) {
    const config = {
      ...DEFAULT_CONFIG,
      addr: VIRTUAL_NETWORK,
      tokens: TOKENS,
      routes: [{ prefix: EXPOSED_ROUTE, expose: true }],
    };
    const lookup = new Mac1Lookup<TokenPeer>();
    for (const peer of peers) lookup.add(peer.peer.mac1Key, peer);
    const sessions = this.#sessions = new SessionTable({ plane: socket, slots: SLOTS, onFirst: () => {} });
    const texts = new LoginTexts(config, () => 0);
    const send = (message: Uint8Array<ArrayBuffer>, to: Endpoint) => {
      if (message[0] === RESPONSE) this.#response = message;
      add(this.#answered, formatEndpoint(to), message.length);
    };
    this.#legacy = new LegacyLogins({ plane: socket, sessions, send, texts });
    this.#legacy.update(TOKENS, legacy);
    sessions.update(TOKENS, legacy, 0);
    socket.inbound.legacyIsOn = legacy;
    this.#handshakes = new Handshakes({
      ...{ plane: socket, sessions, send, texts, clock: this.#clock, codec: linuxSocketAddress },
      peers: { size: lookup.size, findPeer: (message, limit) => lookup.findPeer(message, limit) },
      fillRandom: (bytes) => crypto.getRandomValues(bytes),
    });
    socket.onEvent = (event) => this.#onEvent(event);
    socket.tun.onWrite = (packet) => {
      if (!this.#isFromClient) checkAddresses(packet, OWN_ADDRESS);
    };
  }

  #onEvent(event: SessionEvent): void {
    const now = this.socket.now;
    if (event.kind === "datagram") return this.#takeDatagram(event.bytes, event.source);
    const session = "slot" in event ? this.#sessions.at(event.slot) : undefined;
    if (!(session instanceof TokenSession)) return;
    if (event.kind === "text") session.handleText(event.bytes, now);
    else if (event.kind === "wanted") session.wantKeys(now);
    else if (event.kind === "confirmed") session.keyConfirmed(event.localIndex, now);
  }

  #takeDatagram(bytes: Uint8Array<ArrayBuffer>, source: Uint8Array): void {
    const from = linuxSocketAddress.decode(source) ?? assert.fail("no sender");
    const isWireGuard = classifyMessage(bytes, 0, bytes.length) !== NOT_WIREGUARD;
    if (isWireGuard) this.#handshakes.handle(bytes, source, from, this.socket.now);
    else this.#legacy.take(bytes, source, from, this.socket.now);
  }

  /** Makes the session of the first token, as its accessor does. */
  connect(): this {
    this.#clock.time = this.socket.now;
    const handshake = begin(this.accessor, this.socket.now);
    this.#recorded = handshake.message.slice();
    this.socket.deliver(handshake.message, ACCESSOR_AT);
    this.#sealer = new Sealer(
      accepted(handshake.consumeResponse(this.#response ?? assert.fail("no response"))) ??
        assert.fail("refused"),
    );
    this.socket.deliver(this.#sealer.seal(new Uint8Array()), ACCESSOR_AT);
    this.#hasSession = true;
    return this;
  }

  /** Ends the session; its other end goes on. */
  end(): this {
    this.#sessions.end(TOKENS[0].name);
    this.#hasSession = false;
    return this;
  }

  take(input: Uint8Array, random: Random): void {
    this.#clock.time = this.socket.now;
    const sealer = this.#sealer;
    if (random.oneIn(5)) {
      this.#isFromClient = true;
      this.socket.deliverFromClient(input);
      this.#isFromClient = false;
    } else if (sealer !== undefined && random.oneIn(3)) {
      this.socket.deliver(sealer.seal(input.subarray(0, MAX_SEALED)), ACCESSOR_AT);
    } else if (random.oneIn(256)) this.#takeFrom(random.pick(STRANGERS), this.#recorded.slice(), random);
    else this.#takeFrom(random.oneIn(3) ? ACCESSOR_AT : random.pick(STRANGERS), input, random);
    if (random.oneIn(64)) { for (const session of this.#sessions.all) session.tick(this.socket.now); }
    this.#check();
  }

  #takeFrom(from: Endpoint, input: Uint8Array, random: Random): void {
    const isInitiation = classifyMessage(input, 0, input.length) === INITIATION;
    // One that has been changed is passed on only with a mac1 that fits.
    if (isInitiation && random.oneIn(2)) {
      this.accessor.cookieGenerator.addMacs(input as Uint8Array<ArrayBuffer>, this.socket.now);
    }
    add(this.#received, formatEndpoint(from), input.length);
    this.socket.deliver(
      input,
      from,
      random.oneIn(8) ? 1 + random.below(input.length + 1) : Math.max(1, input.length),
    );
  }

  #check(): void {
    for (const [to, octets] of this.#answered) {
      if (to !== formatEndpoint(ACCESSOR_AT)) {
        assert.ok(octets <= (this.#received.get(to) ?? 0), `${octets} octets for ${this.#received.get(to)}`);
      }
    }
    this.socket.udp.sent.length = 0;
    for (const packet of this.socket.takeSentToClient()) {
      if (packet[0] >>> 4 === 4) checkAddresses(packet, undefined);
    }
    if (!this.#hasSession) {
      assert.equal(this.#sessions.size, 0, "a session without a handshake");
      return;
    }
    const session = this.#sessions.get(TOKENS[0].name) ?? assert.fail("the session is gone");
    assert.ok(
      session.isLegacy === false && this.socket.table.current[session.slot] >= 0,
      "the keys are gone",
    );
    assert.ok(
      equalEndpoint(this.socket.endpoint(session.slot) ?? ACCESSOR_AT, ACCESSOR_AT),
      "the session has moved",
    );
    assert.equal(this.#sessions.size, 1, "a session without a handshake");
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }
}

/** A packet of the session comes from its address, and goes to the server itself or to a shared network. */
function checkAddresses(packet: Uint8Array, to: string | undefined): void {
  const at = (offset: number): IpAddress => ({ family: 4, bytes: packet.slice(offset, offset + 4) });
  assert.equal(formatAddress(at(12)), formatAddress(TOKENS[0].address), "another source");
  const isAllowed = to === undefined ? prefixContains(EXPOSED_ROUTE, at(16)) : formatAddress(at(16)) === to;
  assert.ok(isAllowed, `it goes to ${formatAddress(at(16))}`);
}

function add(sums: Map<string, number>, key: string, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count);
}

/** What is of the session, whether plaintext logins are admitted, and the milliseconds between two messages. */
const STATES = [
  ["none", false, 1],
  ["there", false, 1],
  ["there", true, 1],
  ["ended", false, 1],
  // A flood: handshakes are answered by cookies, and more are dropped.
  ["there", false, 0.01],
] as const;

async function open(): Promise<Subject> {
  const servers: Server[] = [];
  for (const [session, legacy, interval] of STATES) {
    const [[first, accessor], [second]] = await Promise.all(TOKENS.map(({ name }) => bothEnds(name)));
    const server = new Server(await ExposedSocket.open("server"), [first, second], accessor, legacy);
    server.socket.interval = interval;
    if (session !== "none") server.connect();
    servers.push(session === "ended" ? server.end() : server);
  }
  return {
    take: (input, random) => random.pick(servers).take(input, random),
    [Symbol.dispose]: () => servers.forEach((server) => server[Symbol.dispose]()),
  };
}

export const exposedDatagrams: Target = {
  name: "exposed-datagrams",
  kind: "datagrams",
  modules: [
    "core/packet/icmp_echo.ts",
    "core/packet/ip.ts",
    "core/wireguard/",
    "dataplane/sessions/delivery.ts",
    "dataplane/sessions/exposed_inbound.ts",
    "server/sharing/handshakes.ts",
    "server/sharing/legacy_logins.ts",
    "server/sharing/token_session.ts",
  ],
  share: 3,
  open,
};
