import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../core/config/config.ts";
import { parseAddress } from "../../core/net/address.ts";
import { formatPrefix, parsePrefix } from "../../core/net/prefix.ts";
import { LoginAssembler, parseLogin } from "../../core/token/login.ts";
import { LoginTexts } from "./login_texts.ts";

const address = parseAddress("192.168.251.3") ?? assert.fail();
const route = (prefix: string, expose = true) => ({
  prefix: parsePrefix(prefix) ?? assert.fail(prefix),
  expose,
});
const text = (octets: Uint8Array) => new TextDecoder().decode(octets);
const many = Array.from({ length: 500 }, (_, index) => route(`10.${index >> 8}.${index & 255}.0/24`));

Deno.test("an accessor is told of exposed IPv4 routes alone", () => {
  const routes = [route("172.20.0.0/16"), route("172.21.0.0/16", false), route("fd00:1::/64")];
  const texts = new LoginTexts({ ...DEFAULT_CONFIG, routes });
  const whole = "\x01addr 192.168.251.3/24,peer 192.168.251.2,mtu 1400,route 172.20.0.0/16";
  const withNames = whole.replace(",route", ",dns container.internal,route");
  assert.deepEqual(texts.texts(address).map(text), [withNames]);
  assert.equal(text(texts.wholeText(address)), whole, "the original's accessor knows no names");
  assert.ok(texts.update({ ...DEFAULT_CONFIG, routes, dns: undefined }));
  assert.deepEqual(texts.texts(address).map(text), [whole]);
});

Deno.test("what does not fit into a packet is told in parts, again after a change", () => {
  const texts = new LoginTexts({ ...DEFAULT_CONFIG, routes: many });
  const assembler = new LoginAssembler();
  const [first = assert.fail(), ...rest] = texts.texts(address);
  assert.ok(rest.length > 1 && [first, ...rest].every(({ length }) => length <= DEFAULT_CONFIG.mtu));
  assembler.push(parseLogin(first) ?? assert.fail());
  texts.update({ ...DEFAULT_CONFIG, routes: many.slice(1) });
  const results = texts.texts(address).map((part) => assembler.push(parseLogin(part) ?? assert.fail()));
  assert.deepEqual(
    results.pop()?.routes.map(formatPrefix),
    many.slice(1).map(({ prefix }) => formatPrefix(prefix)),
  );
});

Deno.test("the original's accessor gets one text that its buffer holds", () => {
  const whole = new LoginTexts({ ...DEFAULT_CONFIG, routes: many }).wholeText(address);
  assert.ok(whole.length <= 2000 && whole.length > 1500, `${whole.length}`);
  const parsed = parseLogin(whole) ?? assert.fail();
  assert.equal(parsed.part, undefined);
});

Deno.test("only what accessors are told makes a difference", () => {
  const config = { ...DEFAULT_CONFIG, routes: [route("172.20.0.0/16")] };
  const texts = new LoginTexts(config);
  const same = { ...config, pong: true, routes: [...config.routes, route("10.1.0.0/16", false)] };
  assert.equal(texts.update(same), false);
  assert.equal(texts.update({ ...config, mtu: 1300 }), true);
  assert.equal(texts.update({ ...config, mtu: 1300, routes: [] }), true);
});
