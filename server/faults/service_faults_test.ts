import assert from "node:assert/strict";
import { SOUND } from "./server_facts_fixture.ts";
import { serviceFaults } from "./service_faults.ts";

const proxy = {
  listen: ["192.168.251.2:80"],
  target: "127.0.0.1:80",
  connections: 0,
  flows: 0,
  accepted: 0,
  failed: 0,
};
const codes = (facts: Partial<typeof SOUND>) => serviceFaults({ ...SOUND, ...facts }).map(({ code }) => code);

Deno.test("what works is no fault", () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ proxies: [proxy], web: { listen: "127.0.0.1:2580" } }), []);
});

Deno.test("a proxy line that is not listened on is told from a service that is down", () => {
  const fault = "Connection refused";
  assert.deepEqual(codes({ proxies: [{ ...proxy, fault }] }), ["proxy.target-down"]);
  assert.deepEqual(codes({ proxies: [{ ...proxy, listen: [], fault }] }), ["proxy.closed"]);
});

Deno.test("a hosts file that cannot be read and a page that is not served are named", () => {
  const file = { file: "/etc/hosts", domains: [".test"], names: 0, faultyLines: 0, fault: "it is not there" };
  const page = { listen: "127.0.0.1:2580", fault: "the port is taken" };
  const https = {
    domain: "container.internal",
    certificate: false,
    containers: 0,
    fault: "it proves no key",
  };
  assert.deepEqual(codes({ hosts: [file], https, web: page }), [
    "hosts.unreadable",
    "https.not-served",
    "web.closed",
  ]);
});
