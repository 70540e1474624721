/**
 * Datagrams at an accessor's socket: while it looks for its server, and in a session with it, then also sealed as texts of the
 * server.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { EndpointResolver } from "../../../accessor/tunnel/endpoint_resolver.ts";
import { ServerLink } from "../../../accessor/tunnel/server_link.ts";
import { formatAddress, type IpAddress } from "../../../core/net/address.ts";
import { prefixContains } from "../../../core/net/prefix.ts";
import { CookieChecker } from "../../../core/wireguard/cookie.ts";
import { consumeInitiation } from "../../../core/wireguard/handshake.ts";
import { accepted } from "../../../core/wireguard/handshake_fixture.ts";
import type { Peer } from "../../../core/wireguard/peer.ts";
import { ACCESSOR_SLOT, type SessionEvent } from "../../../dataplane/worker_channel.ts";
import { bothEnds } from "../../../server/sharing/recorded_plane_fixture.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { address, endpoint } from "../../literals.ts";
import { EXPOSED_ROUTE, ExposedSocket, VIRTUAL_NETWORK } from "../exposed_socket.ts";
import type { Random } from "../random.ts";
import { MAX_SEALED, Sealer } from "../sealed.ts";
import type { Subject, Target } from "../target.ts";

const SERVER_AT = endpoint("192.0.2.1:2512");
const STRANGER = endpoint("192.0.2.9:40001");
const OWN = address("192.168.251.3");
const SOURCES = [EXPOSED_ROUTE, VIRTUAL_NETWORK];
const TOKEN = "anna-5m8v0q2xk7c4n9w1z3t6y8r0p2";

class Accessor implements Disposable {
  readonly #clock = new FakeClock(1e12);
  readonly #link: ServerLink;
  readonly #cookies = new CookieChecker((octets) => octets.fill(3));
  #initiation: Uint8Array<ArrayBuffer> | undefined;
  #sealer: Sealer | undefined;

  constructor(readonly socket: ExposedSocket, own: Peer, readonly server: Peer) {
    socket.setSession(ACCESSOR_SLOT, { address: OWN });
    socket.onEvent = (event) => this.#onEvent(event);
    // The server cannot make it take packets for others, or from where it did not say that it leads.
    socket.tun.onWrite = (packet) => {
      assert.deepEqual(packet.slice(16, 20), OWN.bytes, "for another address");
      const source: IpAddress = { family: 4, bytes: packet.slice(12, 16) };
      assert.ok(SOURCES.some((prefix) => prefixContains(prefix, source)), `from ${formatAddress(source)}`);
    };
    this.#link = new ServerLink({
      host: "server.example:2512",
      peer: own,
      plane: socket,
      socket: {
        send: (message) => {
          this.#initiation = message;
          return true;
        },
      },
      finder: { find: () => Promise.resolve(SERVER_AT), fault: undefined } as unknown as EndpointResolver,
      onLogin: () => {},
      clock: this.#clock,
    });
  }

  #onEvent(event: SessionEvent): void {
    if (event.kind === "datagram") this.#link.takeDatagram(event.bytes, event.source);
    else if (event.kind === "text") this.#link.takeText(event.bytes);
    else if (event.kind === "wanted") this.#link.takeWanted();
    else if (event.kind === "confirmed") this.#link.takeConfirmed(event.localIndex);
  }

  async begin(): Promise<this> {
    this.#link.takeWanted();
    // The look-up of the server's name is a promise of a promise.
    for (let turn = 0; turn < 20 && this.#initiation === undefined; turn++) await Promise.resolve();
    assert.ok(this.#initiation, "no initiation");
    return this;
  }

  async connect(): Promise<this> {
    await this.begin();
    const ephemeralKey = crypto.getRandomValues(new Uint8Array(32));
    const input = { localIndex: 9, ephemeralKey, now: 0 };
    const answer = accepted(consumeInitiation(this.server, this.#initiation ?? assert.fail(), input));
    const { message, keys } = answer ?? assert.fail("refused");
    this.socket.deliver(message, SERVER_AT);
    this.#sealer = new Sealer(keys);
    assert.ok(this.#isConnected);
    return this;
  }

  /** A server in a flood answers the initiation by a cookie, which may be changed on its way. */
  #takeCookie(random: Random): void {
    const initiation = this.#initiation ?? assert.fail("no initiation");
    const reply = this.#cookies.createReply(
      initiation,
      this.server.publicKey,
      Uint8Array.of(1),
      this.socket.now,
    );
    if (random.oneIn(2)) reply[random.below(reply.length)] ^= 1 << random.below(8);
    this.socket.deliver(reply, SERVER_AT);
  }

  get #isConnected(): boolean {
    return this.socket.table.current[ACCESSOR_SLOT] >= 0;
  }

  async take(input: Uint8Array, random: Random): Promise<void> {
    this.#clock.time = Math.max(this.#clock.time, this.socket.now);
    if (random.oneIn(256)) this.#takeCookie(random);
    if (this.#sealer !== undefined && random.oneIn(2)) {
      this.socket.deliver(this.#sealer.seal(input.subarray(0, MAX_SEALED)), SERVER_AT);
    } else {
      const stride = random.oneIn(8) ? 1 + random.below(input.length + 1) : Math.max(1, input.length);
      this.socket.deliver(input, random.oneIn(2) ? SERVER_AT : STRANGER, stride);
    }
    this.socket.udp.sent.length = 0;
    assert.equal(this.#isConnected, this.#sealer !== undefined, "garbage made or ended a session");
    const at = this.socket.endpoint(ACCESSOR_SLOT);
    assert.ok(at === undefined || at.port === SERVER_AT.port, "the session has moved");
    // Timers stay behind the sessions' time, else its keys would grow old here.
    if (random.oneIn(64) && this.#clock.time <= this.socket.now) await this.#clock.advance(1);
  }

  [Symbol.dispose](): void {
    this.#link[Symbol.dispose]();
    this.socket[Symbol.dispose]();
  }
}

async function open(): Promise<Subject> {
  const make = async () => {
    const [server, own] = await bothEnds(TOKEN);
    return new Accessor(await ExposedSocket.open("accessor"), own, server.peer);
  };
  const accessors = [await (await make()).begin(), await (await make()).connect()];
  return {
    take: (input, random) => random.pick(accessors).take(input, random),
    [Symbol.dispose]: () => accessors.forEach((accessor) => accessor[Symbol.dispose]()),
  };
}

export const accessorDatagrams: Target = {
  name: "accessor-datagrams",
  kind: "datagrams",
  modules: [
    "accessor/tunnel/server_link.ts",
    "accessor/tunnel/server_session.ts",
    "core/token/login.ts",
    "core/wireguard/",
    "dataplane/sessions/delivery.ts",
    "dataplane/sessions/exposed_inbound.ts",
  ],
  share: 3,
  open,
};
