import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { gatherCandidates } from "./server_candidates.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address } from "../../tests/literals.ts";

/** The places as text, for names with these addresses; "late" for one that is never resolved. */
async function places(host: string | undefined, names: Record<string, string>, ...gateways: string[]) {
  const clock = new FakeClock();
  const gathered = gatherCandidates(host, {
    resolve: (name) => {
      const text = names[name];
      if (text === "late") return new Promise(() => {});
      if (text === undefined) {
        return Promise.reject(new OperationError("unavailable", `Cannot resolve host ${name}`));
      }
      return Promise.resolve(text.split(" ").map(address));
    },
    gateways: () => gateways.map(address),
    clock,
  });
  await clock.advance(2_000);
  const found = await gathered;
  return found.map(({ host, address }) => `${host} ${formatAddress(address)}`);
}

const LIMA = "192.168.5.2 192.168.5.2";

Deno.test("a named host is the only place, at each of its addresses", async () => {
  const names = { "desktop.test": "192.0.2.1 2001:db8::1", "host.docker.internal": "192.0.2.9" };
  assert.deepEqual(await places("desktop.test", names, "192.0.2.8"), [
    "desktop.test 192.0.2.1",
    "desktop.test 2001:db8::1",
  ]);
  await assert.rejects(places("nowhere.test", names), OperationError);
});

Deno.test("without one, the names come first, then the gateways, then Lima's address", async () => {
  const names = {
    "host.containers.internal": "192.0.2.4",
    "host.docker.internal": "2001:db8::1 192.0.2.1",
    "host.lima.internal": "192.0.2.3",
  };
  assert.deepEqual(await places(undefined, names, "192.0.2.8", "192.0.2.7"), [
    "host.docker.internal 192.0.2.1",
    "host.lima.internal 192.0.2.3",
    "host.containers.internal 192.0.2.4",
    "default gateway 192.0.2.8",
    "default gateway 192.0.2.7",
    LIMA,
  ]);
});

Deno.test("names that are not known or take too long hold nobody up", async () => {
  const names = { "host.docker.internal": "late", "gateway.docker.internal": "192.0.2.2" };
  assert.deepEqual(await places(undefined, names), ["gateway.docker.internal 192.0.2.2", LIMA]);
});
