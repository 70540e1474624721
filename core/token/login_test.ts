import assert from "node:assert/strict";
import fc from "fast-check";
import { anyIpv4, anyPrefix } from "../net/arbitrary_fixture.ts";
import { formatPrefix, maskPrefix } from "../net/prefix.ts";
import {
  encodeLogin,
  type Login,
  LoginAssembler,
  loginFault,
  MAX_ROUTES,
  MAX_SESSION_MTU,
  parseLogin,
} from "./login.ts";
import { prefix } from "../../tests/literals.ts";

const text = (octets: Uint8Array) => new TextDecoder().decode(octets);
const message = (words: string) => new TextEncoder().encode("\x01" + words);
const WHOLE = "addr 192.168.251.3/24,peer 192.168.251.2,mtu 1400";

const LOGIN: Login = {
  address: prefix("192.168.251.3/24"),
  peer: prefix("192.168.251.2/32").address,
  mtu: 1400,
  routes: [prefix("172.18.0.0/16"), prefix("10.1.0.0/24")],
};

/** Reads texts one after the other. */
function assemble(texts: readonly Uint8Array[]): (Login | undefined)[] {
  const assembler = new LoginAssembler();
  return texts.map((octets) => assembler.push(parseLogin(octets) ?? assert.fail(text(octets))));
}

Deno.test("a login that fits is the original's single text", () => {
  const [only, ...rest] = encodeLogin(LOGIN, 1400, 7);
  assert.equal(text(only ?? assert.fail()), `\x01${WHOLE},route 172.18.0.0/16,route 10.1.0.0/24`);
  assert.deepEqual(rest, []);
});

Deno.test("the domain of names stands in every text, and a faulty one makes the text void", () => {
  const texts = encodeLogin({ ...LOGIN, domain: "container.internal" }, 1400, 7).map(text);
  assert.match(texts[0] ?? "", /,mtu 1400,dns container\.internal,route /);
  assert.equal(parseLogin(message(`${WHOLE},dns a.test`))?.login.domain, "a.test");
  for (const faulty of ["dns", "dns ..", "dns a/b", "dns a.test,dns b.test", "dns .test", "dns ../x"]) {
    assert.equal(parseLogin(message(`${WHOLE},${faulty}`)), undefined, faulty);
  }
});

const anyRoute = anyPrefix.filter(({ length }) => length > 0).map(maskPrefix);
const anyLogin = fc.record({
  address: fc.tuple(anyIpv4, fc.nat({ max: 32 })).map(([address, length]) => ({ address, length })),
  peer: anyIpv4,
  mtu: fc.integer({ min: 576, max: 65_507 }),
  routes: fc.array(anyRoute, { maxLength: 300 }),
}, { noNullPrototype: true });

Deno.test("every login comes out as it went in, in texts no longer than asked for, in any order", () => {
  const anySize = fc.integer({ min: 576, max: 1500 });
  fc.assert(fc.property(anyLogin, anySize, fc.nat(), fc.boolean(), (login, size, generation, reverse) => {
    const texts = encodeLogin(login, size, generation);
    assert.ok(texts.every(({ length }) => length <= size));
    const results = assemble(reverse ? texts.reverse() : texts);
    assert.deepEqual(results.pop(), login);
    assert.ok(results.every((result) => result === undefined));
  }));
});

Deno.test("the most routes fit into the smallest MTU", () => {
  const routes = Array.from(
    { length: MAX_ROUTES },
    (_, index) => prefix(`fdc0:c0de:251:ffff:ffff:ffff:ffff:${(index + 0x1000).toString(16)}/128`),
  );
  const login = { ...LOGIN, routes };
  assert.deepEqual(assemble(encodeLogin(login, 576, 0)).pop(), login);
  const more = { ...login, routes: [...routes, prefix("10.0.0.0/8")] };
  assert.throws(() => encodeLogin(more, 576, 0), RangeError);
});

Deno.test("parts of an older reply do not mix with those of a newer one", () => {
  const routes = Array.from({ length: 60 }, (_, index) => prefix(`10.0.${index}.0/24`));
  const older = encodeLogin({ ...LOGIN, routes }, 576, 1);
  const newer = encodeLogin({ ...LOGIN, routes: routes.slice(1) }, 576, 2);
  assert.ok(older.length > 1 && newer.length > 1);
  const results = assemble([...older.slice(1), ...newer, ...older.slice(0, 1)]);
  assert.deepEqual(
    results.filter((result) => result !== undefined).map((result) => result.routes.map(formatPrefix)),
    [routes.slice(1).map(formatPrefix)],
  );
});

Deno.test("zeros at the end are padding", () => {
  assert.deepEqual(parseLogin(message(`${WHOLE}\0\0\0`)), parseLogin(message(WHOLE)));
});

Deno.test("what a later server may add is passed over", () => {
  assert.deepEqual(parseLogin(message(`${WHOLE},addr6 fd00::3/64,color blue`)), parseLogin(message(WHOLE)));
});

for (
  const faulty of [
    "",
    "addr 192.168.251.3/24,peer 192.168.251.2",
    "addr 192.168.251.3,peer 192.168.251.2,mtu 1400",
    "addr 192.168.251.3/24,peer fd00::1,mtu 1400",
    "addr 192.168.251.3/24,peer 192.168.251.2,mtu 100",
    "addr 192.168.251.3/24,peer 192.168.251.2,mtu 1e3",
    `${WHOLE},mtu 1400`,
    `${WHOLE},route 0.0.0.0/0`,
    `${WHOLE},route 172.18.0.1/16`,
    `${WHOLE},route`,
    `${WHOLE},`,
    `${WHOLE},part 2/1 0`,
    `${WHOLE},part 1/1000000 0`,
    `${WHOLE},part 1/2 65536`,
    `${WHOLE},name \x1b[31m`,
    `${WHOLE},name \u00e9`,
  ]
) {
  Deno.test(`no login: ${JSON.stringify(faulty)}`, () =>
    assert.equal(parseLogin(message(faulty)), undefined));
}

Deno.test("whatever comes, reading does not throw, and what is read is within bounds", () => {
  const anyText = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.string({ maxLength: 100 }).map((tail) => message(`${WHOLE},${tail}`)),
  );
  fc.assert(fc.property(anyText, (octets) => {
    const parsed = parseLogin(octets);
    if (parsed === undefined) return;
    assert.ok(parsed.login.mtu >= 576 && parsed.login.routes.length <= MAX_ROUTES);
  }));
});

Deno.test("a login whose packets fit into no transport message is refused in words", () => {
  const HEADER_AND_TAG = 32;
  const sealed = (mtu: number) => HEADER_AND_TAG + Math.ceil(mtu / 16) * 16;
  assert.ok(sealed(MAX_SESSION_MTU) <= 65_507 && sealed(MAX_SESSION_MTU + 1) > 65_507);
  assert.equal(loginFault({ ...LOGIN, mtu: MAX_SESSION_MTU }), undefined);
  assert.match(
    loginFault({ ...LOGIN, mtu: MAX_SESSION_MTU + 1 }) ?? "",
    /its mtu is 65473, .* 65472 at most/,
  );
});

Deno.test("parts with more routes than a login has are let go of as they come", () => {
  const assembler = new LoginAssembler();
  const routes = Array.from({ length: 3000 }, () => prefix("10.0.0.0/24"));
  const push = (index: number, count: number, of = routes) =>
    assembler.push({ login: { ...LOGIN, routes: of }, part: { index, count, generation: 1 } });
  let most = 0;
  for (let index = 1; index <= 1024; index++) {
    assert.equal(push(index, 1024), undefined);
    most = Math.max(most, assembler.routes);
  }
  assert.ok(most <= MAX_ROUTES, `${most} kept`);
  // A part that comes again takes its own place, and parts of a sound login are complete as before.
  for (let times = 0; times < 5; times++) assert.equal(push(1, 3), undefined);
  assert.equal(assembler.routes, 3000);
  assert.equal(push(2, 3), undefined);
  assert.equal(push(3, 3, routes.slice(0, MAX_ROUTES - 6000))?.routes.length, MAX_ROUTES);
  assert.deepEqual([assembler.routes, assembler.isIncomplete], [0, false]);
});
