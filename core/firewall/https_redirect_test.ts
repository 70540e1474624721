import assert from "node:assert/strict";
import { address, endpoint } from "../../tests/literals.ts";
import { httpsRules } from "./https_redirect.ts";

const redirects = [
  { address: address("10.99.0.5"), listener: endpoint("192.168.251.1:40000") },
  { address: address("fd00::5"), listener: endpoint("[fdc0:c0de:251::1]:40001") },
];
const TAG = "-m comment --comment docker-connector";
const specs = (origins: string[], family: 4 | 6) =>
  httpsRules(redirects, origins, family).map(({ spec }) => spec);

Deno.test("what comes out of the tunnel for port 443 of a container goes to its listener", () => {
  assert.deepEqual(specs(["-i connector0"], 4), [
    `-d 10.99.0.5/32 -i connector0 -p tcp -m tcp --dport 443 ${TAG} -j DNAT --to-destination 192.168.251.1:40000`,
  ]);
  assert.deepEqual(specs(["-i connector0"], 6), [
    `-d fd00::5/128 -i connector0 -p tcp -m tcp --dport 443 ${TAG} -j DNAT --to-destination [fdc0:c0de:251::1]:40001`,
  ]);
});

Deno.test("so does what a desktop on a link sends, and nobody else there", () => {
  assert.deepEqual(specs(["-s 192.168.251.2/32 -i eth0 -m mac --mac-source 02:00:00:00:00:01"], 4), [
    "-s 192.168.251.2/32 -d 10.99.0.5/32 -i eth0 -p tcp -m mac --mac-source 02:00:00:00:00:01 -m tcp --dport 443 " +
    `${TAG} -j DNAT --to-destination 192.168.251.1:40000`,
  ]);
});
