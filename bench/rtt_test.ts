import assert from "node:assert/strict";
import { parseRoundTrips } from "./rtt.ts";

Deno.test("round trips are read from ping's lines in microseconds", () => {
  const output = [
    "PING 172.20.0.2 (172.20.0.2) 56(84) bytes of data.",
    "64 bytes from 172.20.0.2: icmp_seq=1 ttl=63 time=0.032 ms",
    "64 bytes from 172.20.0.2: icmp_seq=2 ttl=63 time=12.4 ms",
    "64 bytes from 172.20.0.2: icmp_seq=2 ttl=63 time=103 ms (DUP!)",
    "",
    "--- 172.20.0.2 ping statistics ---",
    "2 packets transmitted, 2 received, 0% packet loss, time 43ms",
    "rtt min/avg/max/mdev = 0.004/0.005/0.079/0.003 ms, ipg/ewma 0.021/0.005 ms",
  ].join("\n");
  assert.deepEqual(parseRoundTrips(output), [32, 12_400]);
});
