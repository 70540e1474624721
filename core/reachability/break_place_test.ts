import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import { type BreakEvidence, breakPlace } from "./break_place.ts";

const client = parseAddress("192.168.251.1") ?? assert.fail();
const source = parseAddress("10.8.0.2") ?? assert.fail();

const SOUND: BreakEvidence = {
  route: { kind: "tunnel" },
  client,
  clientAnswers: true,
  othersAnswer: true,
  path: "udp",
  firewallFault: undefined,
};

for (
  const [words, evidence] of [
    [/kernel sends nothing there: permission denied/, {
      route: { kind: "refused", state: "permission denied" },
    }],
    [/from 10\.8\.0\.2, so a route or rule of another program/, { route: { kind: "elsewhere", source } }],
    [/client does not answer at 192\.168\.251\.1 either, and packets go by the udp path/, {
      clientAnswers: false,
      othersAnswer: false,
    }],
    [/client says of the firewall of Docker's machine: DROP/, { firewallFault: "DROP" }],
    [/other networks answer, so its bridge or a firewall rule/, {}],
    // A client that drops echo requests breaks nothing.
    [/other networks answer/, { clientAnswers: false }],
    [/client answers, so something in Docker's machine/, { othersAnswer: false }],
    [/no other network answers, and packets go by the engine path/, {
      clientAnswers: undefined,
      othersAnswer: false,
      path: "engine",
    }],
    [/no path is up/, { clientAnswers: undefined, othersAnswer: false, path: undefined }],
  ] as const satisfies readonly (readonly [RegExp, Partial<BreakEvidence>])[]
) {
  Deno.test(`the place of a break is told: ${words.source}`, () => {
    assert.match(breakPlace({ ...SOUND, ...evidence }), words);
  });
}
