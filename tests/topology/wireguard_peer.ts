/**
 * An accessor of `core/wireguard/` that a test speaks datagram by datagram.
 *
 * @module
 */
import { type LoginText, parseLogin } from "../../core/token/login.ts";
import { accessorPeerKeys, deriveTokenKeys } from "../../core/token/token_keys.ts";
import { consumeInitiation, InitiatorHandshake, type TransportKeys } from "../../core/wireguard/handshake.ts";
import { INITIATION } from "../../core/wireguard/message.ts";
import { Peer } from "../../core/wireguard/peer.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import type { Network } from "./network.ts";
import { EXPOSED_PORT } from "./session_pair.ts";
import { openMessage, sealMessage } from "./transport_message.ts";
import { UdpPeer } from "./udp_peer.ts";
import { accepted } from "../../core/wireguard/handshake_fixture.ts";

const random = () => crypto.getRandomValues(new Uint8Array(32));

/** An accessor without keepalives and timers. Disposal closes its socket. */
export class WireguardPeer implements AsyncDisposable {
  #keys: TransportKeys | undefined;
  #index = 1;
  /** The counter of the next message. */
  counter = 0;

  private constructor(readonly network: Network, readonly socket: UdpPeer, readonly peer: Peer) {}

  /** Opens a socket on a machine of the local network. */
  static async open(network: Network, token: string, lan = 0): Promise<WireguardPeer> {
    const peer = new Peer(accessorPeerKeys(await deriveTokenKeys(token, scrypt)));
    return new WireguardPeer(network, await UdpPeer.open(network.lan(lan).namespace), peer);
  }

  /** Sends a datagram to the exposed socket. */
  async sendDatagram(hex: string): Promise<void> {
    await this.socket.send(this.network.macLanAddress, EXPOSED_PORT, hex);
  }

  /** A new handshake, its initiation not sent yet. */
  begin(): InitiatorHandshake {
    return new InitiatorHandshake(this.peer, {
      localIndex: this.#index++,
      ephemeralKey: random(),
      wallClock: Date.now(),
      now: performance.now(),
    });
  }

  /** Begins a handshake and completes it, up to the keepalive by which the server knows that we are there. */
  async handshake(deadline?: number): Promise<void> {
    const handshake = this.begin();
    await this.sendDatagram(handshake.message.toHex());
    const { hex } = await this.socket.receive(/^02000000/, deadline);
    this.#take(accepted(handshake.consumeResponse(Uint8Array.fromHex(hex))));
    await this.send("");
  }

  /** Answers the next handshake that the server begins. */
  async answer(deadline?: number): Promise<void> {
    const { hex } = await this.socket.receive(/^01000000/, deadline);
    const localIndex = this.#index++;
    const input = { localIndex, ephemeralKey: random(), now: performance.now() };
    const response = accepted(consumeInitiation(this.peer, Uint8Array.fromHex(hex), input));
    if (response === undefined) throw new Error(`no initiation for us, type ${INITIATION}`);
    this.#take(response.keys);
    await this.sendDatagram(response.message.toHex());
  }

  /** A transport message with this text. */
  seal(text: string, counter = this.counter++): string {
    const { send, remoteIndex } = this.#session;
    return sealMessage({ key: send.toHex(), index: remoteIndex }, counter, text);
  }

  /** Sends a text or a packet. */
  async send(text: string): Promise<void> {
    await this.sendDatagram(this.seal(text));
  }

  /** The next text or packet from the server that matches, in hexadecimal with its padding. */
  async receive(pattern = /^/, deadline?: number): Promise<string> {
    const { receive, localIndex } = this.#session;
    for (;;) {
      const { hex } = await this.socket.receive(/^04000000/, deadline);
      const { text } = openMessage({ key: receive.toHex(), index: localIndex }, hex);
      if (pattern.test(text)) return text;
    }
  }

  /** The next login reply for which `accept` holds. */
  async receiveLogin(
    accept: (login: LoginText["login"]) => boolean = () => true,
    deadline?: number,
  ): Promise<LoginText["login"]> {
    for (;;) {
      const parsed = parseLogin(Uint8Array.fromHex(await this.receive(/^01/, deadline)));
      if (parsed === undefined) throw new Error("the server sent a faulty login reply");
      if (accept(parsed.login)) return parsed.login;
    }
  }

  get #session(): TransportKeys {
    if (this.#keys === undefined) throw new Error("there has been no handshake");
    return this.#keys;
  }

  #take(keys: TransportKeys | undefined): void {
    if (keys === undefined) throw new Error("the server's response is not genuine");
    this.#keys = keys;
    this.counter = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket[Symbol.asyncDispose]();
  }
}
