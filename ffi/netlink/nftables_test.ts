import assert from "node:assert/strict";
import { Nftables } from "./nftables.ts";
import { asRootOnLinux, PrivateNetwork } from "./private_network_fixture.ts";

function nft(...words: string[]): void {
  const { success, stderr } = new Deno.Command("nft", { args: words }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
}

const withNft = {
  ignore: asRootOnLinux.ignore || (Deno.env.get("CI") !== "true" && !exists("/usr/sbin/nft")),
};

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test(
  "every change of the rule set has a new generation, and nothing else has (needs root on Linux)",
  withNft,
  () => {
    using _network = new PrivateNetwork();
    using nftables = Nftables.open();
    assert.ok(nftables);
    const first = nftables.generation();
    assert.equal(typeof first, "number");
    assert.equal(nftables.generation(), first);
    nft("add", "table", "ip", "example");
    assert.notEqual(nftables.generation(), first);
  },
);

Deno.test("a table is found by its name (needs root on Linux)", withNft, () => {
  using _network = new PrivateNetwork();
  using nftables = Nftables.open();
  assert.ok(nftables);
  assert.equal(nftables.hasTable("docker-bridges"), false);
  nft("add", "table", "ip", "docker-bridges");
  assert.equal(nftables.hasTable("docker-bridges"), true);
  assert.equal(nftables.hasTable("docker"), false);
});

Deno.test("without privilege the answers are unknown, not wrong (needs root on Linux)", withNft, () => {
  using network = new PrivateNetwork();
  using nftables = Nftables.open();
  assert.ok(nftables);
  assert.equal(network.withoutPrivilege(() => nftables.generation()), undefined);
});
