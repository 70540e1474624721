import assert from "node:assert/strict";
import { parseTcpReport, parseUdpReceipt, parseUdpReport } from "./iperf_report.ts";

Deno.test("a TCP run is what the receiver got over all streams", () => {
  const json = JSON.stringify({
    end: {
      streams: [{ receiver: { bytes: 1 } }, { receiver: { bytes: 2 } }],
      sum_sent: { bytes: 1_352_794_112, bits_per_second: 10_790_467_065.8 },
      sum_received: { bytes: 1_350_172_672, bits_per_second: 10_729_525_742.1 },
    },
  });
  assert.deepEqual(parseTcpReport(json), { bytes: 1_350_172_672, bitsPerSecond: 10_729_525_742.1 });
});

Deno.test("a UDP run is what the sender sent, and what the receiver numbered and missed", () => {
  const json = JSON.stringify({
    end: { streams: [{ udp: { seconds: 0.501, bytes: 3_200_000, lost_packets: 5657, packets: 50_000 } }] },
  });
  assert.deepEqual(parseUdpReport(json), { packets: 50_000, seconds: 0.501 });
  assert.deepEqual(parseUdpReceipt(json), { last: 50_000, missing: 5657 });
});

Deno.test("a run that failed is an error in iperf3's words", () => {
  const json = JSON.stringify({ start: {}, end: {}, error: "unable to connect to server" });
  assert.throws(() => parseTcpReport(json), /unable to connect to server/);
  assert.throws(() => parseUdpReport(json), /unable to connect to server/);
  assert.throws(() => parseTcpReport('{"end":{}}'), /nothing received/);
});
