import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import { parsePrefix, type Prefix } from "../net/prefix.ts";
import { packetFilter } from "./pcap_filter.ts";

function packet(source: string, destination: string): Uint8Array {
  const [from, to] = [source, destination].map((text) => parseAddress(text)?.bytes ?? []);
  return from?.length === 4
    ? Uint8Array.of(0x45, ...Array(11).fill(0), ...from, ...to ?? [])
    : Uint8Array.of(0x60, ...Array(7).fill(0), ...from ?? [], ...to ?? []);
}

function prefixes(...texts: string[]): Prefix[] {
  return texts.map((text) => parsePrefix(text) ?? assert.fail(text));
}

Deno.test("packets from and to the networks pass, of either family", () => {
  const wants = packetFilter(prefixes("172.20.0.1/14", "fd00:1::/33"));
  assert.equal(wants(packet("10.0.0.1", "172.23.255.255")), true);
  assert.equal(wants(packet("172.20.0.0", "10.0.0.1")), true);
  assert.equal(wants(packet("10.0.0.1", "172.24.0.0")), false);
  assert.equal(wants(packet("fd00:1:7fff::1", "fe80::1")), true);
  assert.equal(wants(packet("fe80::1", "fd00:1:8000::")), false);
});

Deno.test("without networks every packet passes; what has no addresses passes none", () => {
  assert.equal(packetFilter([])(Uint8Array.of()), true);
  const wants = packetFilter(prefixes("0.0.0.0/0"));
  assert.equal(wants(packet("1.2.3.4", "5.6.7.8")), true);
  assert.equal(wants(packet("::1", "::2")), false);
  assert.equal(wants(Uint8Array.of()), false);
  assert.equal(wants(packet("1.2.3.4", "5.6.7.8").subarray(0, 19)), false);
});
