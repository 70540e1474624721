import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import type { IpAddress } from "../../core/net/address.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/endpoint.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address, endpoint } from "../../tests/literals.ts";
import { EndpointResolver, socketFamily } from "./endpoint_resolver.ts";

const CLOCK = new FakeClock();
const REMOTE = { host: "desk.test", port: 2512 };

/** A resolver whose name service a test answers for. */
function resolver(answer: () => Promise<IpAddress[]>, known: IpAddress[] = [], family: 4 | 6 = 4) {
  return new EndpointResolver(REMOTE, known, { resolve: answer, clock: CLOCK, family });
}

async function ok(of: EndpointResolver, attempt: number, current?: Endpoint, isAlive = false) {
  const finding = of.find(attempt, current, isAlive);
  await CLOCK.advance(2_000);
  const place = await finding;
  return place && formatEndpoint(place);
}

Deno.test("every attempt resolves the name again and goes on to the next address", async () => {
  const answers = [["192.0.2.1"], ["192.0.2.2"], ["192.0.2.3", "192.0.2.4"], ["192.0.2.3", "192.0.2.4"]];
  const of = resolver(() => Promise.resolve((answers.shift() ?? []).map(address)));
  assert.equal(await ok(of, 1), "192.0.2.1:2512");
  assert.equal(await ok(of, 2), "192.0.2.2:2512");
  assert.equal(await ok(of, 1), "192.0.2.3:2512");
  assert.equal(await ok(of, 2), "192.0.2.4:2512");
});

Deno.test("a server that was heard lately is sought where it spoke from, else after its name", async () => {
  const of = resolver(() => Promise.resolve([address("192.0.2.1")]));
  const moved = endpoint("198.51.100.7:40000");
  assert.equal(await ok(of, 1, moved, true), "198.51.100.7:40000");
  assert.equal(await ok(of, 2, moved, true), "192.0.2.1:2512");
  assert.equal(await ok(of, 1, moved), "192.0.2.1:2512");
  assert.equal(await ok(of, 2, moved), "198.51.100.7:40000");
  assert.equal(await ok(of, 2, endpoint("192.0.2.1:2512")), "192.0.2.1:2512");
});

Deno.test("without an answer of the name service the addresses known so far serve", async () => {
  let answer = () => Promise.resolve([address("192.0.2.1")]);
  const of = resolver(() => answer());
  await ok(of, 1);
  answer = () =>
    Promise.reject(new OperationError("unavailable", "Cannot resolve host desk.test: not known"));
  assert.equal(await ok(of, 1), "192.0.2.1:2512");
  assert.match(of.fault?.message ?? "", /not known/);
  answer = () => new Promise(() => {});
  assert.equal(await ok(of, 1), "192.0.2.1:2512");
  answer = () => Promise.resolve([address("192.0.2.9")]);
  assert.equal(await ok(of, 1), "192.0.2.9:2512");
  assert.equal(of.fault, undefined);
});

Deno.test("an IPv4 socket is given no IPv6 address, an IPv6 one both", async () => {
  const both = [address("2001:db8::1"), address("192.0.2.1")];
  assert.equal(await ok(resolver(() => Promise.resolve(both)), 1), "192.0.2.1:2512");
  assert.equal(await ok(resolver(() => Promise.resolve(both), [], 6), 1), "[2001:db8::1]:2512");
  assert.equal(await ok(resolver(() => Promise.resolve(both.slice(0, 1))), 1), undefined);
  assert.equal(socketFamily(both), 6);
  assert.equal(socketFamily(both.slice(1)), 4);
});
