import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { liveContainers } from "./live_containers.ts";

const entry = (State: string, Networks: Record<string, unknown>) => ({
  Names: ["/web"],
  State,
  Ports: [{ PrivatePort: 80, Type: "tcp" }, { PrivatePort: 80, Type: "tcp" }, {
    PrivatePort: 53,
    Type: "udp",
  }],
  NetworkSettings: { Networks },
});

Deno.test("running containers are listed once for each network in which they have an address", () => {
  const networks = {
    bridge: { IPAddress: "172.17.0.2", GlobalIPv6Address: "" },
    six: { IPAddress: "", GlobalIPv6Address: "fd00::5" },
    host: { IPAddress: "" },
  };
  assert.deepEqual(liveContainers([entry("running", networks), entry("exited", networks)]), [
    { name: "web", network: "bridge", address: address("172.17.0.2"), ports: [80] },
    { name: "web", network: "six", address: address("fd00::5"), ports: [80] },
  ]);
});

Deno.test("what is unreadable is left out", () => {
  assert.deepEqual(liveContainers("no list"), []);
  assert.deepEqual(liveContainers([{ State: "running" }, null, entry("running", { bridge: null })]), []);
});
