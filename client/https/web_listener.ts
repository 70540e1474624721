import type { WebTarget } from "../../core/https/web_target.ts";
import { formatAddress, type IpAddress, parseAddress, unmapAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import { type Prefix, prefixContains } from "../../core/net/prefix.ts";
import { WebRelay } from "./web_relay.ts";

/** What one listener needs. */
export interface WebListenerOptions {
  readonly target: WebTarget;
  /** The virtual network: it listens at the address, at a port that the system chooses, for peers in the network alone. */
  readonly network: Prefix;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  /** The container's web server did not answer. */
  readonly onUnreached: () => void;
}

/** The end of TLS for one container. */
export class WebListener implements Disposable {
  readonly endpoint: Endpoint;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #relay: WebRelay;
  readonly #abort = new AbortController();
  #isClosing = false;

  /** @throws {Error} where it cannot listen */
  constructor({ target, network, certificate, privateKey, onUnreached }: WebListenerOptions) {
    this.#relay = new WebRelay({ target, onUnreached });
    const { address } = network;
    this.#server = Deno.serve({
      hostname: formatAddress(address),
      port: 0,
      cert: certificate,
      key: privateKey,
      signal: this.#abort.signal,
      onListen: () => {},
      // The host of the request is none.
      onError: () => new Response(null, { status: 400 }),
    }, (request, { remoteAddr }) => {
      const peer = peerOf(remoteAddr);
      // A container may reach the listener's own port, and by it others whose network is closed to it.
      if (peer === undefined || !prefixContains(network, peer)) return new Response(null, { status: 403 });
      return this.#relay.handle(request, formatAddress(peer));
    });
    this.endpoint = { address, port: this.#server.addr.port };
  }

  /** Takes no more connections; those that are open go on until they end. */
  close(): void {
    this.#isClosing = true;
    void this.#server.shutdown().then(() => this.#relay[Symbol.dispose]());
  }

  /** Ends everything at once: neither an endless stream nor an open page keeps the program from its end. */
  [Symbol.dispose](): void {
    // Deno does not take both for one server.
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#abort.abort();
    this.#relay[Symbol.dispose]();
  }
}

function peerOf(peer: Deno.Addr): IpAddress | undefined {
  const address = "hostname" in peer ? parseAddress(peer.hostname) : undefined;
  return address && unmapAddress(address);
}
