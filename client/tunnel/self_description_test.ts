import assert from "node:assert/strict";
import { version } from "../../program/build_info.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { SelfDescription } from "./self_description.ts";
import { prefix } from "../../tests/literals.ts";

Deno.test("the container networks are those of the last look, each once, the rest is as it is now", () => {
  const networks = [prefix("192.168.251.1/24")];
  const firewall = { state: "open", backend: "iptables-nft", rules: 4 } as const;
  let bridges = [{
    name: "docker0",
    subnets: ["172.18.0.0/16", "172.17.0.0/16", "172.17.0.0/16"].map(prefix),
  }];
  let isBroken = false;
  const self = new SelfDescription({
    networks: () => networks,
    firewall: () => firewall,
    direct: () => ["10.79.0.2:40000"],
    bridges: () => {
      if (isBroken) throw new SystemError("RTM_GETROUTE", 1);
      return bridges;
    },
  });
  bridges = [];
  networks.push(prefix("fd00::1/64"));
  assert.deepEqual(self.current, {
    version,
    addresses: ["192.168.251.1", "fd00::1"],
    firewall,
    subnets: ["172.17.0.0/16", "172.18.0.0/16"],
    answersProbes: true,
    direct: ["10.79.0.2:40000"],
  });
  isBroken = true;
  self.refreshSubnets();
  assert.equal(self.current.subnets?.length, 2);
  isBroken = false;
  self.refreshSubnets();
  assert.deepEqual(self.current.subnets, []);
});
