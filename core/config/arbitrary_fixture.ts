/** Arbitrary configurations for property tests, made from the text of a file. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Config, KEYS } from "./config.ts";
import { parseConfig } from "./parse.ts";

function some(lines: readonly string[]): fc.Arbitrary<string[]> {
  return fc.shuffledSubarray([...lines]);
}

function oneOrNone(...lines: string[]): fc.Arbitrary<string[]> {
  return fc.subarray(lines, { maxLength: 1 });
}

// Each route is there plain, exposed or not at all, and no two overlap.
const routes = fc.array(fc.constantFrom("", " expose", undefined), { minLength: 6, maxLength: 6 }).map((
  flags,
) =>
  flags.flatMap((flag, index) => {
    const prefix = index < 4 ? `172.${16 + index}.0.0/16` : `fd0${index}::/64`;
    return flag === undefined ? [] : [`route ${prefix}${flag}`];
  })
);

const pairs = fc.array(fc.constantFrom("+", "-", undefined), { minLength: 3, maxLength: 3 }).map((signs) =>
  signs.flatMap((sign, index) => sign === undefined ? [] : [`iptables 10.0.0.0${sign}10.${index + 1}.0.0`])
);

// The same names with other addresses and the same addresses with other names.
const tokens = fc.tuple(some(["a", "b", "c"]), some(["3", "4", "5"])).map(([names, hosts]) =>
  names.flatMap((name, index) =>
    hosts[index] === undefined ? [] : [`token ${name} 192.168.251.${hosts[index]}`]
  )
);

/** Texts without faults. */
export const anyGoodText: fc.Arbitrary<string> = fc.tuple(
  routes,
  pairs,
  tokens,
  some(["proxy 80", "proxy 81", "proxy db:82:83"]),
  some(["network a off", "network b off"]),
  some(["hosts /etc/hosts a", "hosts /etc/hosts b", "hosts /etc/other a"]),
  oneOrNone("addr6 fd00::1/64", "addr6 fd00::1/72"),
  oneOrNone("addr 192.168.251.1/25", "addr 192.168.251.1/26"),
  oneOrNone("host 0.0.0.0", "host ::1"),
  oneOrNone("port 1", "port 2"),
  oneOrNone("mtu 1280", "mtu 9000"),
  oneOrNone("path engine", "path udp", "path direct"),
  oneOrNone("docker off", "docker unix:///a", "docker unix:///b"),
  oneOrNone("key a", "key b"),
  oneOrNone("loglevel debug", "loglevel error"),
  oneOrNone("pong on", "pong off"),
  oneOrNone("expose 0.0.0.0:2512", "expose 0.0.0.0:2512 legacy", "expose 0.0.0.0:2513"),
  oneOrNone("dns off", "dns a"),
  oneOrNone("web 127.0.0.1:80", "web off"),
).map((groups) => groups.flat().map((line) => `${line}\n`).join(""));

/** Configurations of {@link anyGoodText}. */
export const anyConfig: fc.Arbitrary<Config> = anyGoodText.map((text) => {
  const { config, faults } = parseConfig(text, "c.conf");
  assert(config !== undefined, JSON.stringify(faults));
  return config;
});

/** Texts of words that a config file could have, mostly in the wrong order. */
export const anyWordyText: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...words()) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
  ),
  { maxLength: 40 },
).map((list) => list.join(""));

function words(): string[] {
  const values =
    "off on auto expose legacy 1 80 1400 70000 10.0.0.0/8 10.0.0.0/24 192.168.251.3 0.0.0.0/0 ::/0 fd00::1/64 " +
    "255.255.255.255/30 255.255.255.255/32 10.0.0.0+10.1.0.0 10.0.0.0-10.1.0.0 127.0.0.1:80 [::1]:80 /etc/hosts unix:///x";
  return [
    ...KEYS.map(({ name }) => `\n${name} `),
    ...values.split(" ").map((value) => `${value} `),
    "\n",
    "\r\n",
    "# ",
  ];
}
