import assert from "node:assert/strict";
import { dirname } from "node:path";
import { BROWSER_NEEDS } from "../topology/browser.ts";
import { binary } from "../topology/daemon.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { diagnose } from "../topology/doctor.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { Namespace } from "../topology/namespace.ts";
import { runPageContainer } from "../topology/page_container.ts";
import { mustRun } from "../topology/process.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

const KEY = "correct-horse-battery-staple";
const WEB = "web.container.internal";
const NEEDS = {
  programs: [...ENGINE_NEEDS.programs ?? [], ...BROWSER_NEEDS.programs ?? [], "curl", "openssl", "certutil"],
  packages: [
    ...ENGINE_NEEDS.packages ?? [],
    ...BROWSER_NEEDS.packages ?? [],
    "curl",
    "openssl",
    "libnss3-tools",
  ],
};

networkTest(
  "containers answer HTTPS under their names",
  { containers: [], link: "veth", direct: true },
  async (network, t) => {
    const { mac, vm, folder } = network;
    await using engine = new DockerEngine(network);
    await engine.start();
    await engine.createNetwork("web", "10.99.0.0/24", "fd00:99::/64");
    // The machine's own stores stay as they are.
    const binds = [
      ["var-lib", "/var/lib"],
      ["certificates", "/etc/ssl/certs"],
      ["authorities", "/usr/local/share/ca-certificates"],
      ["home", "/root"],
    ].map(([name, path]) => ({ from: `${folder}/${name}`, path }));
    for (const { from } of binds) await Deno.mkdir(from);
    await mustRun(["cp", "-a", "/etc/ssl/certs/.", `${folder}/certificates`]);
    // The programs may lie below the home folder.
    const programs = dirname(binary("docker-connector"));
    const mounts = [
      `mount --bind ${programs} /mnt`,
      ...binds.map(({ from, path }) => `mount --bind ${from} ${path}`),
      `mkdir -p ${programs}`,
      `mount --bind /mnt ${programs}`,
    ].join(" && ");
    const inside = ["unshare", "--mount", "sh", "-c", `${mounts} && exec "$@"`, "sh"];
    await using tunnel = await Tunnel.start(network, {
      config: `https on\npath udp\nkey ${KEY}\n`,
      engineSocket: engine.socket,
      serverWrapper: inside,
      clientArgs: ["--key", KEY],
    });
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, () => withTranscript(tunnel, body));
    const command = (...argv: string[]) => mac.exec([...inside, binary("docker-connector"), ...argv]);
    const trust = () => command("trust", "--config", tunnel.configFile);
    /** What doctor says of HTTPS. */
    const doctor = async () => {
      const { control } = tunnel.server.settings;
      const { document } = await diagnose(
        { namespace: mac, control, wrapper: inside },
        "--config",
        tunnel.configFile,
      );
      const check = document.checks.find(({ area }) => area === "https") ?? assert.fail("no such check");
      return [check.state, ...check.faults.map(({ code }) => code)];
    };
    const curl = async (name: string, address: string, ...options: string[]) => {
      const to = address.includes(":") ? `[${address}]` : address;
      const argv = [
        "curl",
        "-sS",
        "--max-time",
        "5",
        "--resolve",
        `${name}:443:${to}`,
        ...options,
        `https://${name}/`,
      ];
      const { stdout, stderr } = await mac.run([...inside, ...argv]);
      return stdout.trim() || stderr.trim();
    };

    await runPageContainer(
      engine,
      folder,
      "web",
      "--network",
      "web",
      "--ip",
      "10.99.0.5",
      "--ip6",
      "fd00:99::5",
      "--expose",
      "8080",
    );
    await step("which no program trusts before the command", async () => {
      await tunnel.server.waitForStatus(
        "the client has a certificate",
        ({ https }) => https?.certificate === true,
      );
      await tunnel.server.waitForStatus(
        "the client has a certificate",
        ({ https }) => https?.certificate === true,
      );
      await waitUntil("an answer", async () => /certificate/.test(await curl(WEB, "10.99.0.5")), 10_000);
      assert.deepEqual(await doctor(), ["warn", "https.not-trusted"]);
    });

    await step("and those of the system after it, by both families", async () => {
      await Deno.mkdir(`${folder}/home/.pki/nssdb`, { recursive: true });
      await mustRun(["certutil", "-N", "--empty-password", "-d", `sql:${folder}/home/.pki/nssdb`]);
      console.log(await trust());
      assert.equal(await curl(WEB, "10.99.0.5"), "page of web");
      assert.equal(await curl(WEB, "10.99.0.5", "--http1.1"), "page of web");
      assert.equal(await curl(WEB, "fd00:99::5"), "page of web");
    });

    await step("as doctor sees, which names what breaks it", async () => {
      assert.deepEqual(await doctor(), ["ok"]);
      const drop = ["INPUT", "-i", "connector0", "-p", "tcp", "-j", "DROP"];
      await vm.exec(["iptables-nft", "-I", ...drop]);
      assert.deepEqual(await doctor(), ["warn", "https.no-answer"]);
      await vm.exec(["iptables-nft", "-D", ...drop]);
      const authority = `${folder}/var-lib/docker-connector/authority-container.internal.pem`;
      await Deno.chmod(authority, 0o644);
      assert.deepEqual(await doctor(), ["fail", "https.authority-unusable"]);
      await Deno.chmod(authority, 0o600);
      assert.deepEqual(await doctor(), ["ok"]);
    });

    await step("also on a network without a way out, and for a service of Compose", async () => {
      await engine.docker("network", "create", "--internal", "--subnet", "10.99.1.0/24", "inner");
      const label = (name: string, value: string) => ["--label", `com.docker.compose.${name}=${value}`];
      const labels = [
        ...label("project", "demo"),
        ...label("service", "api"),
        "--label",
        "docker-connector.http-port=8080",
      ];
      await runPageContainer(engine, folder, "api", "--network", "inner", "--ip", "10.99.1.5", ...labels);
      await waitUntil(
        "the service answers",
        async () => await curl("api.demo.container.internal", "10.99.1.5") === "page of api",
        15_000,
      );
    });

    await step("and carry WebSockets, both ways and to the end", async () => {
      const options = ["--network", "web", "--ip", "10.99.0.7", "--label", "docker-connector.http-port=9000"];
      await runPageContainer(engine, folder, "chat", ...options);
      const pid = (await engine.docker("container", "inspect", "--format", "{{.State.Pid}}", "chat")).trim();
      const container = await Namespace.attach(`${network.prefix}-chat`, pid);
      await using server = container.spawnScript("web_socket.ts", ["serve", "9000"]);
      await server.stdout.waitFor(/^ready$/);
      await waitUntil(
        "its page",
        async () => await curl("chat.container.internal", "10.99.0.7") === "a page",
        30_000,
      );
      await Deno.writeTextFile(`${folder}/hosts`, "10.99.0.7 chat.container.internal\n");
      const names = [
        ...["unshare", "--mount", "sh", "-c"],
        `mount --bind ${folder}/certificates /etc/ssl/certs && mount --bind ${folder}/hosts /etc/hosts && exec "$@"`,
        "sh",
      ];
      const program = new URL("../topology/programs/web_socket.ts", import.meta.url).pathname;
      const visit = [Deno.execPath(), "run", "--no-check", "--quiet", "-A", program, "visit"];
      const { stdout, stderr } = await mac.run([...names, ...visit, "wss://chat.container.internal/room"], {
        env: { DENO_TLS_CA_STORE: "system" },
      });
      const answers = [
        "open chat",
        "hello from /room",
        "a text",
        "300000 bytes, the same",
        "closed 4000 as you like",
      ];
      assert.deepEqual(stdout.split("\n"), answers, stderr);
    });

    await step("but for containers that listen at 443 themselves", async () => {
      const own = ["--network", "web", "--ip", "10.99.0.6"];
      await engine.docker(
        "run",
        "--detach",
        "--name",
        "own",
        ...own,
        "page",
        "/busybox",
        "httpd",
        "-f",
        "-p",
        "443",
        "-h",
        "/",
      );
      await waitUntil("plain HTTP at 443", async () => {
        const { code } = await mac.run([
          "curl",
          "-s",
          "-o",
          "/dev/null",
          "--max-time",
          "3",
          "http://10.99.0.6:443/",
        ]);
        return code === 0;
      }, 10_000);
    });

    await step("and for the desktop and its teammates alone, not for other containers", async () => {
      const rules = await vm.exec(["iptables-nft-save", "-t", "nat"]);
      const listener = /-d 10\.99\.0\.5\/32 .*--to-destination (192\.168\.251\.1:\d+)/.exec(rules)?.[1] ?? "";
      const ask = async (from: string) => {
        const argv = [
          "curl",
          "-sk",
          "-o",
          "/dev/null",
          "-w",
          "%{http_code}",
          "--max-time",
          "5",
          "--interface",
          from,
        ];
        return (await vm.run([...argv, `https://${listener}/`])).stdout;
      };
      // As a container of that bridge would.
      assert.equal(await ask("10.99.1.1"), "403");
    });

    await step("and never for another's name, even by the authority's own key", async () => {
      const file = `${folder}/var-lib/docker-connector/authority-container.internal.pem`;
      const script =
        `cd "$1" && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out r -subj /CN=x &&
      echo "subjectAltName=DNS:$3" > e && openssl x509 -req -in r -CA "$2" -CAkey "$2" -CAcreateserial -extfile e -out c &&
      openssl verify -CAfile "$2" c`;
      const verify = async (name: string) => {
        const { stdout, stderr } = await mac.run(["sh", "-c", script, "sh", folder, file, name]);
        return stdout + stderr;
      };
      assert.match(await verify("shop.container.internal"), /c: OK/);
      assert.match(await verify("www.bank.example"), /permitted subtree violation/);
      assert.match(await verify("container.internal.example"), /permitted subtree violation/);
    });

    await step("on the direct path too", async () => {
      const config = await Deno.readTextFile(tunnel.configFile);
      await Deno.writeTextFile(tunnel.configFile, config.replace("path udp", "path direct"));
      await tunnel.server.waitForStatus("packets go directly", ({ paths }) => paths.inUse === "direct");
      await waitUntil("an answer", async () => await curl(WEB, "10.99.0.5") === "page of web", 10_000);
      await Deno.writeTextFile(tunnel.configFile, config);
    });

    await step("without a warning in a browser, until the trust is taken back", async () => {
      const open = async () => {
        const flags = [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--no-first-run",
          "--virtual-time-budget=2000",
        ];
        const map = `--host-resolver-rules=MAP ${WEB} 10.99.0.5`;
        const data = `--user-data-dir=${folder}/browser-${crypto.randomUUID().slice(0, 4)}`;
        const argv = ["env", "HOME=/root", "chromium", ...flags, map, data, "--dump-dom", `https://${WEB}/`];
        return (await mac.run([...inside, "timeout", "30", ...argv])).stdout;
      };
      assert.match(await open(), /page of web/);
      console.log(await command("untrust"));
      assert.doesNotMatch(await open(), /page of web/);
      assert.match(await curl(WEB, "10.99.0.5"), /certificate/);
    });

    await step("and not at all when it is off", async () => {
      await Deno.writeTextFile(tunnel.configFile, `key ${KEY}\n`);
      await waitUntil(
        "the port is closed",
        async () => /refused|connect/i.test(await curl(WEB, "10.99.0.5")),
        10_000,
      );
      const { mode } = await Deno.stat(`${folder}/var-lib/docker-connector/authority-container.internal.pem`);
      assert.equal((mode ?? 0) & 0o777, 0o600);
    });
  },
  NEEDS,
);
