/** Breakages of the client and of a server that does not run, made for real: doctor names each and no other. */
import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { writeSourcePrograms } from "../../tools/source_programs.ts";
import type { ClientStatus } from "../topology/control_socket.ts";
import { Daemon } from "../topology/daemon.ts";
import { diagnose, type Diagnosis, type DoctorScene, doctorScene, linesOf } from "../topology/doctor.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { launchServer, SERVER_PORT } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";
import { waitUntil } from "../topology/wait.ts";

const KEY = "correct-horse-battery-staple";
const CLIENT = "my-client";
/** The status of the running server shows a breakage within so many milliseconds. */
const STATUS_LIMIT = 15_000;
/** What is to be seen is seen after so many milliseconds. */
const LIMIT = 20_000;
/** Hides /dev/net/tun from a program, and lets it make no other. */
const NO_DEVICE = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /dev/net && exec "$@"', "sh"];

/** Writes a client that says it is of another version, to run from source. */
async function writeOtherVersion(folder: string): Promise<string> {
  const info = await Deno.readTextFile(new URL("../../program/build_info.ts", import.meta.url));
  const replaced = { "program/build_info.ts": info.replace(/(version: string = )"[^"]*"/, '$1"0.0.9"') };
  const client = PROGRAMS.filter(({ binary }) => binary === "docker-connector-client");
  await writeSourcePrograms(folder, replaced, client);
  return folder;
}

networkTest(
  "doctor names what is wrong with the client or keeps a server from running, and nothing else",
  { containers: [] },
  async (network, t) => {
    const { mac, vm } = network;
    await using machine = await DockerMachine.start(network, "nft", { kind: DEFAULT_ENGINE });
    const { engine } = machine;
    const docker = async (line: string) => (await engine.docker(...line.split(" "))).trim();
    const times: string[] = [];
    // It takes some seconds, in which the first steps go on; the last one awaits it.
    const otherVersion = writeOtherVersion(`${network.folder}/programs`);
    otherVersion.catch(() => {});
    /** Waits until doctor names these faults and no others. */
    const names = async (what: string, scene: DoctorScene, ...codes: string[]) => {
      const start = performance.now();
      let last: Diagnosis | undefined;
      await waitUntil(`doctor names ${codes.join()}`, async () => {
        last = await diagnose(scene);
        return last.codes.join() === codes.join();
      }, LIMIT).catch((error) => {
        throw new Error(`${error.message}\n${last === undefined ? "" : linesOf(last)}`);
      });
      times.push(
        `${what}: ${codes.join() || "sound"} after ${
          Math.round(performance.now() - start)
        } ms (doctor ${last?.took} ms)`,
      );
    };
    const runClient = (...words: string[]) =>
      docker(`run -d --net host --cap-add NET_ADMIN --name ${CLIENT} ${IMAGE} ${words.join(" ")}`.trim());
    await machine.runPage("page", "--restart", "always");
    const nowhere: DoctorScene = {
      namespace: mac,
      control: `${network.folder}/no-server.sock`,
      env: { DOCKER_HOST: `unix://${engine.socket}` },
    };

    await t.step("no server runs", () => names("no server", nowhere, "program.not-running"));

    await t.step("another program has the UDP port", async () => {
      await using _other = await UdpPeer.open(mac, SERVER_PORT);
      await names("port taken", nowhere, "port.taken");
      const [port] = (await diagnose(nowhere)).document.checks.filter(({ area }) => area === "port");
      assert.match(port?.faults[0]?.remedy ?? "", /^Stop deno \(pid \d+\), or set another port$/);
    });

    await t.step("/dev/net/tun is gone", async () => {
      await names("no TUN device", { ...nowhere, wrapper: NO_DEVICE }, "device.missing");
    });

    const config = `key ${KEY}\n`;
    const options = { config, serverArgs: ["--image", "off"], engineSocket: engine.socket };
    const { server, configFile } = await launchServer(network, options);
    await using _server = server;
    const scene = await doctorScene(server, network);
    /** Waits until the status of the running server shows one of these faults, and notes all that it shows then. */
    const shows = async (what: string, ...codes: string[]) => {
      const start = performance.now();
      const { faults } = await server.waitForStatus(
        `the status shows ${codes.join(" or ")}`,
        ({ faults }) => faults.some(({ code }) => codes.includes(code)),
        STATUS_LIMIT,
      );
      const took = Math.round(performance.now() - start);
      times.push(`${what}: the status shows ${faults.map(({ code }) => code).join()} after ${took} ms more`);
    };
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, async () => {
        try {
          await body();
        } catch (error) {
          const logs = await engine.logs(CLIENT).catch(String);
          if (error instanceof Error) {
            error.message += `\n  server:\n${server.transcript()}\n  client:\n${logs}`;
          }
          throw error;
        }
      });

    await step("the user's own client is sound", async () => {
      await runClient("--key", KEY);
      await names("the user's own client", scene);
    });

    await step("the client is stopped, and --fix starts it", async () => {
      await docker(`stop ${CLIENT}`);
      await names("client stopped", scene, "container.stopped");
      await shows("client stopped", "client.silent");
      const { document } = await diagnose(scene, "--fix");
      assert.match(document.fixed.join(), /started my-client/);
      await names("client started by --fix", scene);
    });

    await step("another key", async () => {
      await docker(`rm --force ${CLIENT}`);
      await runClient("--key", "another-horse-battery-staple");
      await names("wrong key", scene, "client.wrong-key");
      await shows("wrong key", "client.wrong-key");
    });

    await step("another port", async () => {
      await docker(`rm --force ${CLIENT}`);
      await runClient("--key", KEY, "--port", "2599");
      await names("other port", scene, "client.other-port");
      await shows("other port", "client.other-port");
    });

    await step("a path that carries less than the interface's MTU", async () => {
      await docker(`rm --force ${CLIENT}`);
      await runClient("--key", KEY);
      await Deno.writeTextFile(configFile, `${config}path udp\n`);
      await names("by UDP alone", scene);
      // What is longer is dropped, as by a device on the way. By nft(8), since the client reads all rules of iptables.
      const chain = "type filter hook prerouting priority -300";
      await vm.exec([
        "nft",
        `add table ip way; add chain ip way long { ${chain}; }; add rule ip way long meta l4proto udp ip length > 1300 drop`,
      ]);
      await names("MTU", scene, "path.mtu");
      await shows("MTU", "path.mtu");
      const found = (await diagnose(scene)).document.checks.find(({ area }) => area === "mtu");
      // The datagram has 28 bytes more than the packet in it.
      assert.equal(found?.text, "packets of 1400 bytes are lost, 1272 bytes pass");
      await vm.exec(["nft", "delete table ip way"]);
      await names("long packets pass again", scene);
      await Deno.writeTextFile(configFile, config);
    });

    await step("a client of another version", async () => {
      await docker(`rm --force ${CLIENT}`);
      const programs = await otherVersion;
      await using daemon = new Daemon<ClientStatus>({
        namespace: vm,
        program: "docker-connector-client",
        programs,
        args: ["run", "--host", network.macAddress, "--key", KEY],
        control: `${network.folder}/client.sock`,
      });
      await server.waitForStatus("it is heard", ({ client }) => client?.version === "0.0.9", LIMIT);
      await names("other version", scene, "client.version");
      await shows("other version", "client.version");
      await daemon.stop();
    });

    console.log(times.map((line) => `  ${line}`).join("\n"));
  },
  DEFAULT_ENGINE.needs,
);
