import assert from "node:assert/strict";
import {
  parseProcessorTime,
  parseReceivedBytes,
  parseResidentMemory,
  parseRoomlessDatagrams,
} from "./proc.ts";

Deno.test("processor time is user and system time, whatever the program is called", () => {
  const rest = "S 1 2 3 0 -1 4194304 100 0 0 0 250 75 9 9 20 0 5 0 12345 1000 200";
  assert.equal(parseProcessorTime(`77 (docker-connector) ${rest}`), 3.25);
  assert.equal(parseProcessorTime(`77 (a) b) c (d) ${rest}`), 3.25);
  assert.throws(() => parseProcessorTime("77 (cut) S 1"));
});

Deno.test("resident memory is in bytes", () => {
  assert.equal(
    parseResidentMemory("Name:\tx\nVmHWM:\t   9 kB\nVmRSS:\t   48000 kB\nThreads:\t4\n"),
    49_152_000,
  );
  assert.throws(() => parseResidentMemory("Name:\tzombie\n"));
});

Deno.test("datagrams without room are found by the name of their column", () => {
  const snmp = [
    "Ip: Forwarding InDatagrams",
    "Ip: 1 5",
    "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors",
    "Udp: 44344 0 5657 1 5656 0",
    "UdpLite: InDatagrams RcvbufErrors",
    "UdpLite: 1 2",
  ].join("\n");
  assert.equal(parseRoomlessDatagrams(snmp), 5656);
  assert.throws(() => parseRoomlessDatagrams("Udp: InDatagrams\nUdp: 3\n"));
});

Deno.test("an interface's bytes are read whether or not a space follows its name", () => {
  const table = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets",
    "    lo:       0       0    0    0    0     0          0         0        0       0",
    "  eth0:123456789012 7    0    0    0     0          0         0        9       1",
  ].join("\n");
  assert.equal(parseReceivedBytes(table, "eth0"), 123_456_789_012);
  assert.equal(parseReceivedBytes(table, "lo"), 0);
  assert.throws(() => parseReceivedBytes(table, "eth1"));
});
