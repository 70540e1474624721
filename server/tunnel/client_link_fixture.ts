import assert from "node:assert/strict";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { encodeDescription } from "../../core/protocol/description.ts";
import { linuxSocketAddress } from "../../ffi/udp/socket_address.ts";
import { ClientLink, type ClientLinkDeps } from "./client_link.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { endpoint } from "../../tests/literals.ts";

export const NOW = Date.UTC(2026, 0, 1);
export const TEXT = "version 2,connect 172.17.0.0 172.18.0.0";
/** Stands for what is active. */
export const REVISION_TEXT = "version 2,revision 1,addr6 off";
export const HEARTBEAT = new Uint8Array([0]);
export const DESCRIPTION = encodeDescription({ version: "0.1.0", addresses: ["192.168.251.1"] });

/** A link with everything that it did to the outside. */
export function openLink(changes: Partial<ClientLinkDeps> = {}) {
  const sent: [to: string, octets: Uint8Array][] = [];
  const bound: string[] = [];
  const steps: string[] = [];
  const revisions: number[] = [];
  const clock = new FakeClock(NOW);
  const link = new ClientLink({
    clock,
    startedAt: NOW - 3_600_000,
    proof: undefined,
    keyPending: false,
    mtu: 1400,
    socket: {
      send(datagram, to) {
        assert.ok(to);
        sent.push([formatEndpoint(to), datagram]);
        return true;
      },
    },
    codec: linuxSocketAddress,
    bindPeer(socketAddress) {
      if (socketAddress === undefined) return void bound.push("nobody");
      const endpoint = linuxSocketAddress.decode(socketAddress);
      assert.ok(endpoint);
      bound.push(formatEndpoint(endpoint));
    },
    controlText: () => TEXT,
    onBound: () => void steps.push("bound"),
    onDescribed: () => void steps.push("described"),
    revisionText(revision) {
      revisions.push(revision);
      return REVISION_TEXT;
    },
    ...changes,
  });
  return { clock, link, sent, bound, steps, revisions, [Symbol.dispose]: () => link[Symbol.dispose]() };
}

/** A description that names a revision. */
export function naming(revision: number | undefined): Uint8Array<ArrayBuffer> {
  const description = { version: "0.1.0", addresses: ["192.168.251.1"] };
  return encodeDescription(revision === undefined ? description : { ...description, revision });
}

export const source = (text: string) => linuxSocketAddress.encode(endpoint(text));
export const control = (text: string) =>
  Uint8Array.from([1, 0, text.length, ...new TextEncoder().encode(text)]);
export const A = "127.0.0.1:4000";
export const B = "127.0.0.1:4001";
