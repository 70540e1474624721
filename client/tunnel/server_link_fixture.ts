import assert from "node:assert/strict";
import type { IpAddress } from "../../core/net/address.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { formatPrefix } from "../../core/net/prefix.ts";
import type { ClientDescription } from "../../core/protocol/description.ts";
import { formatDirect } from "../../core/protocol/direct_command.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address } from "../../tests/literals.ts";
import { ServerLink, type ServerLinkDeps } from "./server_link.ts";

/** A control text in one datagram. */
export const text = (control: string): Uint8Array =>
  Uint8Array.from([1, 0, control.length, ...new TextEncoder().encode(control)]);

export const HERE = address("192.0.2.1");
export const HOST = "server.example";
export const THERE = address("192.0.2.2");

/** A link to a server that is played by the test. */
export class Scene implements Disposable {
  readonly sent: Uint8Array[] = [];
  readonly connected: string[] = [];
  lookups = 0;
  description: ClientDescription = { version: "0.1.0", addresses: ["192.168.251.1"] };
  readonly networks: (string | undefined)[] = [];
  readonly engineMtus: (number | undefined)[] = [];
  readonly direct: string[] = [];
  traffic = { received: 0, sent: 0 };
  addresses: IpAddress[] | Promise<IpAddress[]> = [HERE];
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1));
  readonly link: ServerLink;

  constructor(changes: Partial<ServerLinkDeps> = {}) {
    this.link = new ServerLink({
      clock: this.clock,
      port: 2511,
      heartbeatMs: 2,
      proof: undefined,
      description: () => this.description,
      mtu: 1400,
      candidate: { host: HOST, address: HERE },
      anyHost: false,
      onDirect: (terms) => void this.direct.push(formatDirect(terms)),
      onIpv6: (addr6) => void this.networks.push(addr6 && formatPrefix(addr6)),
      onEngineMtu: (mtu) => void this.engineMtus.push(mtu),
      gatherCandidates: async () => {
        this.lookups++;
        return (await this.addresses).map((address) => ({ host: HOST, address }));
      },
      socket: {
        family: 4,
        connect: (peer) => void this.connected.push(formatEndpoint(peer)),
        send: (datagram) => {
          this.sent.push(datagram);
          return true;
        },
      },
      onCommands: () => 0,
      traffic: () => ({ ...this.traffic }),
      ...changes,
    });
  }

  /** Lets time pass until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let step = 0; !condition(); step++) {
      assert.ok(step < 10_000, "the condition never held");
      await this.clock.advance(1);
    }
  }

  [Symbol.dispose](): void {
    this.link[Symbol.dispose]();
  }
}
