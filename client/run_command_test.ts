import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { formatPrefix } from "../core/net/prefix.ts";
import { type ClientFlags, clientOptions } from "./run_command.ts";

const none: ClientFlags = {
  host: undefined,
  port: undefined,
  addr: undefined,
  mtu: undefined,
  chain: undefined,
  heartbeat: undefined,
  key: undefined,
  control: undefined,
  capture: undefined,
  noOffload: false,
};

const reader = (variables: Record<string, string>) => (name: string): string | undefined => variables[name];

Deno.test("without flags and variables the server is searched for, the rest is as with the original", () => {
  const { addr, ...rest } = clientOptions(none, reader({}));
  assert.equal(formatPrefix(addr), "192.168.251.1/24");
  assert.deepEqual(rest, {
    host: undefined,
    port: 2511,
    mtu: 1400,
    chain: "DOCKER-USER",
    heartbeatMs: 5000,
    key: undefined,
    control: "/var/run/docker-connector-client.sock",
    capture: undefined,
    offload: true,
  });
});

Deno.test("every setting can come from its variable, and a flag wins over it", () => {
  const variables = {
    DOCKER_CONNECTOR_HOST: "10.0.0.1",
    DOCKER_CONNECTOR_PORT: "3000",
    DOCKER_CONNECTOR_ADDR: "10.9.0.1/24",
    DOCKER_CONNECTOR_MTU: "9000",
    DOCKER_CONNECTOR_CHAIN: "FORWARD",
    DOCKER_CONNECTOR_HEARTBEAT: "100",
    DOCKER_CONNECTOR_KEY: "s3cret",
    DOCKER_CONNECTOR_CONTROL: "/tmp/c.sock",
    DOCKER_CONNECTOR_CAPTURE: "/tmp/packets.pcap",
    DOCKER_CONNECTOR_OFFLOAD: "off",
  };
  const { addr, ...rest } = clientOptions({ ...none, port: 4000 }, reader(variables));
  assert.equal(formatPrefix(addr), "10.9.0.1/24");
  assert.deepEqual(rest, {
    host: "10.0.0.1",
    port: 4000,
    mtu: 9000,
    chain: "FORWARD",
    heartbeatMs: 100,
    key: "s3cret",
    control: "/tmp/c.sock",
    capture: "/tmp/packets.pcap",
    offload: false,
  });
});

Deno.test("offload is off by the flag whatever the variable says", () => {
  const variables = reader({ DOCKER_CONNECTOR_OFFLOAD: "on" });
  assert.equal(clientOptions(none, variables).offload, true);
  assert.equal(clientOptions({ ...none, noOffload: true }, variables).offload, false);
});

Deno.test("an empty variable counts as unset", () => {
  assert.equal(clientOptions(none, reader({ DOCKER_CONNECTOR_PORT: "" })).port, 2511);
});

Deno.test("a faulty variable is a config fault that names it, without the secret", () => {
  const faultOf = (variables: Record<string, string>): OperationError => {
    try {
      clientOptions(none, reader(variables));
    } catch (error) {
      assert.ok(error instanceof OperationError);
      return error;
    }
    return assert.fail("accepted");
  };
  const port = faultOf({ DOCKER_CONNECTOR_PORT: "0" });
  assert.equal(port.code, "config");
  assert.equal(
    port.report,
    'Cannot use DOCKER_CONNECTOR_PORT: invalid port "0": expected 1-65535',
  );
  assert.match(faultOf({ DOCKER_CONNECTOR_HEARTBEAT: "50" }).report, /from 100 to 60000$/);
  assert.match(
    faultOf({ DOCKER_CONNECTOR_HOST: "a b" }).report,
    /DOCKER_CONNECTOR_HOST: invalid host "a b": expected a name/,
  );
  assert.match(faultOf({ DOCKER_CONNECTOR_CHAIN: "-F" }).report, /invalid iptables chain "-F"/);
  assert.match(faultOf({ DOCKER_CONNECTOR_OFFLOAD: "0" }).report, /invalid value "0": expected on or off$/);
  assert.doesNotMatch(faultOf({ DOCKER_CONNECTOR_KEY: "hunter2 x" }).report, /hunter2/);
});
