import assert from "node:assert/strict";
import { binary, type Program } from "../topology/daemon.ts";
import type { Namespace } from "../topology/namespace.ts";
import type { Network } from "../topology/network.ts";
import { isDarwinServer } from "../topology/server_side.ts";
import { UdpPeer } from "../topology/udp_peer.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Uid and gid of Debian's `nobody`. */
const NOBODY = "65534";

interface Refusal {
  readonly in: Namespace;
  readonly program: Program;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly wrapper?: readonly string[];
  /** The program's path, where it is not the one in dist/. */
  readonly path?: string;
}

/** Runs a program that must refuse: nothing on stdout, and on stderr exactly one line that matches every pattern. */
async function refuses(what: Refusal, code: number, ...patterns: RegExp[]): Promise<void> {
  const argv = [...what.wrapper ?? [], what.path ?? binary(what.program), ...what.args];
  const outcome = await what.in.run(argv, { env: what.env ?? {}, deadline: 10_000 });
  const seen = `exit ${outcome.code}\n${outcome.stderr}\n${outcome.stdout}`;
  assert.equal(outcome.code, code, seen);
  assert.equal(outcome.stdout, "", seen);
  assert.equal(outcome.stderr.trimEnd().split("\n").length, 1, `not one line: ${seen}`);
  for (const pattern of patterns) assert.match(outcome.stderr, pattern);
}

/** A config file of its own for every use. */
async function configFile(network: Network, text: string): Promise<string> {
  const path = await Deno.makeTempFile({ dir: network.folder, suffix: ".conf" });
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o644);
  return path;
}

networkTest("every refusal names the fix on one line", {}, async (network, t) => {
  const { mac, vm, folder } = network;
  const good = await configFile(network, "route 172.20.0.0/16\n");
  const control = ["--control", `${folder}/refused.sock`];
  const server = (...args: string[]): Refusal => ({
    in: mac,
    program: "docker-connector",
    args: ["run", "--log-level", "error", ...control, "--config", good, ...args],
  });
  const client = (...args: string[]): Refusal => ({
    in: vm,
    program: "docker-connector-client",
    args: ["run", "--log-level", "error", ...control, ...args],
  });

  const accessor = (...args: string[]): Refusal => ({
    in: vm,
    program: "docker-accessor",
    args: ["run", "--log-level", "error", ...control, "--remote", "192.0.2.1:2512", ...args],
    env: { DOCKER_ACCESSOR_TOKEN: "8k3m5n7p9q2r4s6t8v1w3x5y7z" },
  });

  await t.step("not root", async () => {
    // The build folder may lie where only root can read. The programs are copied for that; with the macOS side they look for the
    // doubles there, as they would in /usr/lib and /sbin, so they may read what they like, which is no privilege on networks.
    const reading = isDarwinServer
      ? ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
      : [];
    for (const refusal of [server(), client(), accessor()]) {
      const path = `${folder}/${refusal.program}`;
      await Deno.copyFile(binary(refusal.program), path);
      await Deno.chmod(path, 0o755);
      const wrapper = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", ...reading];
      await refuses({ ...refusal, wrapper, path }, 77, /run with sudo/i);
    }
  });

  await t.step("the UDP port is taken", async () => {
    await using _holder = await UdpPeer.open(mac, 2511);
    await refuses(server(), 74, /2511/, /taken|in use/, /another port/);
  });

  await t.step("/dev/net/tun is missing", async () => {
    // Read-only, so that it cannot be made either.
    const wrapper = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none /dev/net && exec "$@"', "sh"];
    // A Mac has no such device.
    for (const refusal of isDarwinServer ? [client()] : [server(), client(), accessor()]) {
      await refuses({ ...refusal, wrapper }, 74, /\/dev\/net\/tun/, /modprobe tun|--device/);
    }
  });

  await t.step("the interface name is taken", async () => {
    // On a Mac the kernel gives the server a free one.
    for (const refusal of isDarwinServer ? [client()] : [server(), client()]) {
      await refusal.in.ip("link", "add", "connector0", "type", "bridge");
      await refuses(refusal, 74, /connector0/, /ip link|stop|remove|cleanup/i);
      await refusal.in.ip("link", "del", "connector0");
    }
  });

  await t.step("the accessor's interface name is taken", async () => {
    if (isDarwinServer) return;
    await vm.ip("link", "add", "accessor0", "type", "bridge");
    await refuses(accessor(), 74, /accessor0/, /stop/i);
    await vm.ip("link", "del", "accessor0");
  });

  await t.step("the host name has no address", async () => {
    const remote = accessor("--remote", "nowhere.invalid:2512");
    const args = remote.args.filter((word, at) =>
      word !== "192.0.2.1:2512" && remote.args[at + 1] !== "192.0.2.1:2512"
    );
    await refuses({ ...remote, args }, 69, /nowhere\.invalid/, /IP address/);
    await refuses(client("--host", "nowhere.invalid"), 69, /nowhere\.invalid/, /IP address/);
  });

  const flags: readonly (readonly [Refusal, RegExp])[] = [
    [server("--nonsense"), /--nonsense/],
    [server("--port", "70000"), /--port/],
    [server("--port", "abc"), /--port/],
    [server("--mtu", "10"), /--mtu/],
    [server("--addr", "192.168.251.1"), /--addr/],
    [server("--addr", "192.168.251.1/33"), /--addr/],
    [server("--host", "not an address"), /--host/],
    [{ ...server(), args: ["run", "--log-level", "loud"] }, /--log-level/],
    [{ ...server(), args: ["dance"] }, /dance/],
    [client("--port", "0"), /--port/],
    [client("--mtu", "70000"), /--mtu/],
    [client("--heartbeat", "soon"), /--heartbeat/],
    [client("--addr", "x"), /--addr/],
    [client("surplus"), /--help/],
    [accessor("--remote", "192.0.2.1:1"), /--remote/],
    [{ ...accessor(), args: ["run"] }, /--remote/],
    [{ ...accessor(), env: {} }, /there is no token/],
    [accessor("--token", "x", "--token-file", "/dev/null"), /--token-file/],
    [accessor("--exclude", "10.0.0.0"), /--exclude/],
    [accessor("surplus"), /--help/],
  ];
  for (const [refusal, pattern] of flags) {
    const given = refusal.args.filter((word) => ![...control, good, "--config"].includes(word)).join(" ");
    await t.step(`flags: ${refusal.program} ${given}`, async () => {
      await refuses(refusal, 64, pattern);
    });
  }

  for (
    const [name, value] of [
      ["DOCKER_CONNECTOR_PORT", "70000"],
      ["DOCKER_CONNECTOR_MTU", "wide"],
      ["DOCKER_CONNECTOR_ADDR", "192.168.251.1"],
      ["DOCKER_CONNECTOR_HEARTBEAT", "1"],
    ] as const
  ) {
    await t.step(`environment: ${name}=${value}`, async () => {
      await refuses({ ...client(), env: { [name]: value } }, 78, new RegExp(name));
    });
  }
});

networkTest("a faulty token is refused without being repeated", {}, async (network, t) => {
  const secret = "hunter2-hunter2";
  const args = ["run", "--log-level", "error", "--remote", "192.0.2.1:2512"];
  const accessor = { in: network.vm, program: "docker-accessor" } as const;
  for (
    const [title, text, pattern] of [
      ["two words", `${secret} ${secret}`, /one word/],
      ["a comma", `${secret},`, /comma/],
      ["nothing", "\n", /empty/],
    ] as const
  ) {
    await t.step(title, async () => {
      const file = await configFile(network, text);
      await refuses({ ...accessor, args: [...args, "--token-file", file] }, 78, pattern, new RegExp(file));
      if (text.trim() === "") return;
      await refuses(
        { ...accessor, args, env: { DOCKER_ACCESSOR_TOKEN: text } },
        78,
        pattern,
        /DOCKER_ACCESSOR_TOKEN/,
      );
      const { stderr } = await network.vm.run([binary("docker-accessor"), ...args, "--token", text]);
      assert.ok(pattern.test(stderr) && !stderr.includes(secret), stderr);
    });
  }
  await t.step("a file that is not there", async () => {
    await refuses({ ...accessor, args: [...args, "--token-file", "/nowhere/x"] }, 78, /\/nowhere\/x/);
  });
});

networkTest("a faulty config file is refused with every place", {}, async (network, t) => {
  const { mac } = network;
  const faulty = [
    ["token foo", 1],
    ["iptables foo", 1],
    ["route", 1],
    ["route 10.0.0.0/99", 1],
    ["frobnicate yes", 1],
    ["port 0", 1],
    ["mtu big", 1],
    ["addr 192.168.251.1", 1],
    ["# a comment\n\n  port x", 3],
    ["token a 192.168.251.3\ntoken a 192.168.251.4", 2],
    ["token a 192.168.251.3\ntoken b 192.168.251.3", 2],
    ["token a 10.9.9.9", 1],
    ["\u0001\u0002", 1],
  ] as const;
  for (const [text, line] of faulty) {
    await t.step(JSON.stringify(text), async () => {
      const file = await configFile(network, text + "\n");
      const control = `${network.folder}/refused.sock`;
      for (const args of [["run", "--control", control, "--config", file], ["check", "--config", file]]) {
        const { code, stdout, stderr } = await mac.run([binary("docker-connector"), ...args]);
        assert.equal(code, 78, `${args[0]}: ${stdout}${stderr}`);
        const places = `${stdout}\n${stderr}`.split("\n").filter((row) => /\.conf:\d+:\d+: /.test(row));
        assert.equal(places.length, 1, `${args[0]}: ${stdout}${stderr}`);
        assert.match(places[0] ?? "", new RegExp(`\\.conf:${line}:\\d+: \\S`));
      }
    });
  }

  await t.step("several faults are told at once, and nothing is set up", async () => {
    const file = await configFile(network, "token foo\nroute 10.0.0.0/8\niptables foo\nport x\n");
    const args = ["run", "--control", `${network.folder}/refused.sock`, "--config", file];
    const { code, stdout, stderr } = await mac.run([binary("docker-connector"), ...args]);
    assert.equal(code, 78);
    const places = [...`${stdout}\n${stderr}`.matchAll(/\.conf:(\d+):\d+: /g)].map((match) => match[1]);
    assert.deepEqual(places, ["1", "3", "4"]);
    assert.doesNotMatch(await mac.ip("-o", "link"), /connector0|utun/);
  });

  await t.step("keys that this version does nothing with are named by check", async () => {
    const file = await configFile(
      network,
      "hosts /etc/hosts .test\nproxy 3306\ndns test\nweb 127.0.0.1:2580\n",
    );
    const { code, stdout, stderr } = await mac.run([binary("docker-connector"), "check", "--config", file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ignored settings \(not implemented in this version\): hosts, proxy$/m);
  });

  await t.step("a file that is not there", async () => {
    const { code, stderr } = await mac.run([
      binary("docker-connector"),
      "run",
      "--config",
      "/nowhere/x.conf",
    ]);
    assert.equal(code, 78, stderr);
    assert.match(stderr, /\/nowhere\/x\.conf/);
  });
});
