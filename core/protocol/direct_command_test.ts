import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { parseControl } from "./control.ts";
import { type DirectTerms, formatDirect, parseDirect } from "./direct_command.ts";

const secret = "0123456789abcdef".repeat(4);
const read = (text: string) => parseDirect(parseControl(text)[0]?.words ?? []);

Deno.test("the command of the direct path comes back", () => {
  const via = address("10.79.0.1");
  const all: (DirectTerms | undefined)[] = [
    undefined,
    { secret: undefined, via: undefined },
    { secret, via: undefined },
    { secret: undefined, via },
    { secret, via },
  ];
  for (const terms of all) assert.deepEqual(read(formatDirect(terms)), { terms });
});

Deno.test("what makes no sense is not understood", () => {
  const lines = [
    "direct",
    "direct on",
    `direct ${secret.slice(1)}`,
    `direct ${secret.toUpperCase()}`,
    "direct off via 10.0.0.1",
    "direct key via",
    "direct key by 10.0.0.1",
    "direct key via fd00::1",
    "direct key via 10.0.0.1 more",
  ];
  for (const line of lines) assert.equal(read(line), undefined, line);
});
