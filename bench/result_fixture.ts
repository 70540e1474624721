/**
 * A whole run for tests, without anything measured.
 *
 * @module
 */
import { Figures } from "./figures.ts";
import type { Result } from "./result.ts";

/** Seven rounds of a machine that does not exist, with the given figures. */
export function resultOf(figures: Figures = new Figures()): Result {
  return {
    date: new Date("2026-01-02T03:04:05Z"),
    command: "deno task bench --rounds 9",
    rounds: 9,
    machine: {
      processor: "Some CPU",
      processors: 2,
      kernel: "6.18.0",
      congestionControl: "cubic",
      connector: "docker-connector 0.1.0 (commit 0123abc, deno 2.4.2)",
      commit: "0123abc",
      iperf3: "iperf 3.12 (cJSON 1.7.15)",
      ping: "ping from iputils 20221126",
      tuning: {
        socketBuffers: { rmem_default: 212992, rmem_max: 4194304, wmem_default: 212992, wmem_max: 4194304 },
        processors: { allowed: "0", online: "0-1", isPinned: true },
        governor: "performance",
        deno: "2.9.6",
      },
    },
    versions: {
      wireguardGo: "0.0.20260522",
      wireguardGoOf2022: "0.0.20220316",
      gvproxy: "0.8.1",
      engine: "28.5.2",
      cipher: "libcrypto",
    },
    load: { before: 0.123, after: 2.5 },
    links: [{ subject: "VXLAN", end: "mac", name: "vxlan0", mtu: 1400, txQueueLength: 1000 }],
    sockets: [{ subject: "wireguard-go", end: "mac", port: 51820, receive: 14680064, send: 425984 }],
    figures,
    verdicts: [],
    complete: true,
  };
}
