import assert from "node:assert/strict";
import { answerQuery } from "./answer.ts";
import { isPrivateName } from "./container_names.ts";
import { ask, container, decode, endpoint, query, replica, zoneOf } from "./zone_fixture.ts";

const ZONE = zoneOf([
  container("Web", [endpoint("172.17.0.2", "fd00::2")]),
  container("db", [endpoint("172.17.0.3", undefined, ["store", "web"])]),
  container("six", [endpoint(undefined, "fd00::6")]),
  container("bare", []),
  ...[1, 2, 3].map((number) => replica("shop", "api", number, `172.20.0.${number + 1}`)),
]);

Deno.test("a container is found by its name, in any case, with both families", () => {
  assert.equal(ask(ZONE, "web.container.internal"), "NOERROR 172.17.0.2");
  assert.equal(ask(ZONE, "WEB.Container.Internal", "AAAA"), "NOERROR fd00::2");
  assert.equal(ask(ZONE, "desktop.container.internal"), "NOERROR 192.168.251.2");
  assert.equal(ask(ZONE, "desktop.container.internal", "AAAA"), "NOERROR fdc0:c0de:251::2");
});

Deno.test("a name without the wanted records has no data; one that is not there does not exist", () => {
  assert.equal(ask(ZONE, "db.container.internal", "AAAA"), "NOERROR (SOA)");
  assert.equal(ask(ZONE, "six.container.internal"), "NOERROR (SOA)");
  assert.equal(ask(ZONE, "bare.container.internal"), "NOERROR (SOA)");
  for (const type of ["TXT", "MX", "SRV", "CNAME"]) {
    assert.equal(ask(ZONE, "web.container.internal", type), "NOERROR (SOA)", type);
  }
  assert.equal(ask(ZONE, "nobody.container.internal"), "NXDOMAIN (SOA)");
  assert.equal(ask(ZONE, "x.y.nobody.container.internal", "AAAA"), "NXDOMAIN (SOA)");
});

Deno.test("names outside the domain are refused, and so is a transfer of the zone", () => {
  for (const name of ["example.com", "internal", "notcontainer.internal", "1.0.0.127.in-addr.arpa", "."]) {
    assert.equal(ask(ZONE, name), "REFUSED", name);
  }
  assert.equal(ask(ZONE, "container.internal", "AXFR"), "REFUSED");
});

Deno.test("names below a name lead to it", () => {
  assert.equal(ask(ZONE, "api.v1.web.container.internal"), "NOERROR 172.17.0.2");
  assert.equal(ask(ZONE, "x.api.shop.container.internal"), ask(ZONE, "api.shop.container.internal"));
});

Deno.test("services of Compose have all their containers, which take turns; each replica has its number", () => {
  assert.equal(ask(ZONE, "api.shop.container.internal"), "NOERROR 172.20.0.2 172.20.0.3 172.20.0.4");
  assert.equal(ask(ZONE, "api.shop.container.internal", "A", 1), "NOERROR 172.20.0.3 172.20.0.4 172.20.0.2");
  assert.equal(ask(ZONE, "api.shop.container.internal", "A", 5), "NOERROR 172.20.0.4 172.20.0.2 172.20.0.3");
  assert.equal(ask(ZONE, "2.api.shop.container.internal"), "NOERROR 172.20.0.3");
  assert.equal(ask(ZONE, "4.api.shop.container.internal"), "NXDOMAIN (SOA)");
  assert.equal(ask(ZONE, "shop.container.internal"), "NOERROR (SOA)", "others are below it");
  assert.equal(ask(ZONE, "nobody.shop.container.internal"), "NXDOMAIN (SOA)");
  assert.equal(ask(ZONE, "api.container.internal"), "NOERROR 172.20.0.2 172.20.0.3 172.20.0.4", "the alias");
});

Deno.test("a container's name comes before an alias, and the desktop's before all", () => {
  assert.equal(ask(ZONE, "store.container.internal"), "NOERROR 172.17.0.3");
  assert.equal(ask(ZONE, "web.container.internal"), "NOERROR 172.17.0.2", "an alias of db too");
  const zone = zoneOf([container("desktop", [endpoint("172.17.0.9")])]);
  assert.equal(ask(zone, "desktop.container.internal"), "NOERROR 192.168.251.2");
});

Deno.test("containers whose names differ in case alone share the name, in the order of the list", () => {
  const zone = zoneOf([
    container("Web", [endpoint("172.17.0.5")]),
    container("web", [endpoint("172.17.0.4")]),
  ]);
  assert.equal(ask(zone, "web.container.internal"), "NOERROR 172.17.0.5 172.17.0.4");
});

Deno.test("labels give names of private endings, and no others", () => {
  const zone = zoneOf([
    container("a", [endpoint("172.17.0.2")], {
      "docker-connector.domains":
        "a.example.test, *.B.local,bank.com,test,.x.test,a..test,container.internal",
      "dev.orbstack.domains": "shop.container.internal,evil.co.uk",
    }),
    container("b", [endpoint("172.17.0.3")], { "docker-connector.domains": "a.container.internal" }),
  ]);
  for (const name of ["a.example.test", "x.a.example.test", "b.local", "shop.container.internal"]) {
    assert.equal(ask(zone, name), "NOERROR 172.17.0.2", name);
  }
  for (const name of ["bank.com", "evil.co.uk", "b.example.test", "test", "x.test"]) {
    assert.equal(ask(zone, name), "REFUSED", name);
  }
  assert.equal(ask(zone, "a.container.internal"), "NOERROR 172.17.0.2", "a label takes no container's name");
  assert.deepEqual(zone.otherDomains, ["a.example.test", "b.local"]);
});

Deno.test("an ending is private where the Internet has no such names", () => {
  for (const name of ["x.container.internal", "x.test", "a.b.home.arpa"]) {
    assert.ok(isPrivateName(name), name);
  }
  for (const name of ["x.com", "x.arpa", "test", "xtest", "x.test.com", "internal", ""]) {
    assert.ok(!isPrivateName(name), name);
  }
});

Deno.test("addresses have their names", () => {
  assert.equal(ask(ZONE, "2.0.17.172.in-addr.arpa", "PTR"), "NOERROR web.container.internal");
  assert.equal(ask(ZONE, "2.251.168.192.in-addr.arpa", "PTR"), "NOERROR desktop.container.internal");
  const reverse = `2${".0".repeat(29)}.d.f.ip6.arpa`;
  assert.equal(ask(ZONE, reverse, "PTR"), "NOERROR web.container.internal");
  assert.equal(ask(ZONE, "9.0.17.172.in-addr.arpa", "PTR"), "REFUSED");
});

Deno.test("the domain has SOA and NS records, and nothing is kept for longer than a second", () => {
  assert.equal(ask(ZONE, "container.internal", "NS"), "NOERROR desktop.container.internal");
  assert.match(ask(ZONE, "container.internal", "SOA"), /^NOERROR .*"minimum":1/);
  assert.equal(ask(ZONE, "container.internal"), "NOERROR (SOA)");
  const answer = decode(answerQuery(ZONE, query("web.container.internal", "A"), undefined, 0)!);
  assert.deepEqual(answer.answers?.map((record) => "ttl" in record ? record.ttl : 0), [1]);
});

Deno.test("addresses of networks without a route, and IPv6 ones without IPv6, are left out", () => {
  const containers = [container("web", [endpoint("172.17.0.2", "fd00::2")])];
  assert.equal(
    ask(zoneOf(containers, { hasIpv6: false }), "web.container.internal", "AAAA"),
    "NOERROR (SOA)",
  );
  assert.equal(
    ask(zoneOf(containers, { isReached: () => false }), "web.container.internal"),
    "NOERROR (SOA)",
  );
  const hidden = zoneOf(containers, { isReached: () => false, hidesUnreached: true });
  assert.equal(ask(hidden, "web.container.internal"), "NXDOMAIN (SOA)");
});

Deno.test("an answer that is too long for UDP is cut, and whole by TCP", () => {
  const many = zoneOf(
    Array.from({ length: 100 }, (_, index) => replica("p", "s", index, `172.20.1.${index}`)),
  );
  const small = decode(answerQuery(many, query("s.p.container.internal", "A"), undefined, 0)!);
  assert.equal(small.flag_tc, true);
  assert.equal(small.answers?.length, 0);
  const large = query("s.p.container.internal", "A", 4096);
  assert.ok(answerQuery(many, large, undefined, 0)!.length <= 1232);
  const whole = decode(answerQuery(many, large, 65_535, 0)!);
  assert.equal(whole.flag_tc, false);
  assert.equal(whole.answers?.length, 64);
  assert.equal(whole.additionals?.length, 1);
});

Deno.test("the question is repeated byte by byte, with the number of the sender and what it says of recursion", () => {
  const asked = query("wEb.COntainer.internal", "A", 1232);
  const answer = answerQuery(ZONE, asked, undefined, 0)!;
  assert.deepEqual(answer.subarray(0, 2), new Uint8Array([0, 7]));
  assert.deepEqual(answer.subarray(12, 40), Uint8Array.from(asked.subarray(12, 40)));
  const { flag_rd, flag_aa, flag_ra } = decode(answer);
  assert.deepEqual([flag_rd, flag_aa, flag_ra], [true, true, false]);
});

Deno.test("names of odd bytes do not exist, and do not stand for others", () => {
  const asked = Uint8Array.from(query("web.container.internal", "A"));
  asked[13] = 0x2e;
  const answer = answerQuery(ZONE, asked, undefined, 0)!;
  assert.equal(answer[3], 3, "NXDOMAIN");
  assert.deepEqual(answer.subarray(12, 36), asked.subarray(12, 36));
});

Deno.test("what is no query gets no answer, and other kinds of queries get the code for it", () => {
  const asked = () => Uint8Array.from(query("web.container.internal", "A", 1232));
  const changed = (at: number, value: number) => {
    const bytes = asked();
    bytes[at] = value;
    return answerQuery(ZONE, bytes, undefined, 0);
  };
  assert.equal(answerQuery(ZONE, asked().subarray(0, 11), undefined, 0), undefined);
  assert.equal(changed(2, 0x80), undefined, "an answer");
  assert.equal(changed(2, 0x28)?.[3], 4, "an update: NOTIMP");
  assert.equal(changed(5, 0)?.[3], 1, "without a question: FORMERR");
  assert.equal(changed(5, 2)?.[3], 1, "two questions");
  assert.equal(changed(12, 0xc0)?.[3], 1, "a pointer");
  assert.equal(changed(39, 3)?.[3], 5, "another class: REFUSED");
  const version = asked();
  version[version.length - 5] = 1;
  const answer = answerQuery(ZONE, version, undefined, 0)!;
  assert.equal(answer[3] | answer[answer.length - 6] << 4, 16, "BADVERS");
  for (let length = 12; length < 51; length++) {
    assert.equal(answerQuery(ZONE, asked().subarray(0, length), undefined, 0)?.[3], 1, `${length} bytes`);
  }
});

Deno.test("no mutation of queries breaks the answer", () => {
  const runs = Number(Deno.env.get("DNS_MUTATIONS") ?? 60_000);
  // A linear congruential generator (Numerical Recipes), so that a failure comes again.
  let state = 15;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const names = ["web.container.internal", "9.api.shop.container.internal", `${"a.".repeat(120)}test`, "."];
  const seeds = names.flatMap((
    name,
  ) => [query(name, "A"), query(name, "AAAA", 1232), query(name, "SOA", 512)]);
  for (let run = 0; run < runs; run++) {
    let bytes = Uint8Array.from(seeds[random(seeds.length)]!);
    for (let count = random(6); count >= 0; count--) {
      const at = random(bytes.length);
      if (random(4) === 0) bytes = bytes.slice(0, at + 1);
      else bytes[at] = random(3) === 0 ? [0, 63, 64, 0xc0, 0xff, 12][random(6)]! : random(256);
    }
    const answer = answerQuery(ZONE, bytes, undefined, run);
    if (answer === undefined) continue;
    assert.ok(answer.length <= 1232 && answer.length >= 12);
    assert.equal(answer[0], bytes[0]);
    assert.equal(answer[2]! & 0x80, 0x80);
    if (answer[5] === 1 && run % 16 === 0) decode(answer);
  }
});
