/** Breakages between a desktop and containers, made for real: doctor names each and no other, and what can heal heals by itself. */
import assert from "node:assert/strict";
import { diagnose, type Diagnosis, doctorScene, linesOf } from "../topology/doctor.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import type { Network } from "../topology/network.ts";
import { CLOCK_NEEDS, ProgramClock } from "../topology/machine_stop.ts";
import { ANNA } from "../topology/shared_tunnel.ts";
import { SERVER_PORT } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** On a sound system doctor ends within this many milliseconds, however busy the machine of the test is. */
const SOUND_LIMIT = 6_000;
/** The status of the running server shows a breakage within so many milliseconds. */
const STATUS_LIMIT = 15_000;
/** What heals by itself has healed after so many milliseconds. */
const HEAL_LIMIT = 20_000;
const SHARING_PORT = 2512;

/** Puts the firewall of Docker's machine back as it was saved. */
async function restoreRules({ vm, folder }: Network, rules: string): Promise<void> {
  const file = `${folder}/rules`;
  await Deno.writeTextFile(file, `${rules}\n`);
  await vm.exec(["iptables-nft-restore", file]);
}

networkTest(
  "doctor names what was broken between desktop and containers, and nothing else",
  { containers: [], lans: 1 },
  async (network, t) => {
    const { mac, vm } = network;
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    const page = await scene.machine.runPage("page", "--restart", "always");
    const clock = await ProgramClock.create(network.folder);
    await scene.startServer({
      serverEnv: clock.env,
      config: `expose 0.0.0.0:${SHARING_PORT}\ntoken ${ANNA.token} ${ANNA.address}\n`,
    });
    const times: string[] = [];
    const plain = await doctorScene(scene.server, network);
    const doctor = (...args: string[]) => diagnose(plain, ...args);
    const expectCodes = (found: Diagnosis, ...codes: string[]) => {
      assert.deepEqual(found.codes, codes, linesOf(found));
    };
    /** Waits until doctor finds nothing, and notes how long that took. */
    const heals = async (what: string, from: number) => {
      let last: Diagnosis | undefined;
      await waitUntil(`${what} has healed`, async () => {
        last = await doctor();
        return last.document.ok;
      }, HEAL_LIMIT).catch((error) => {
        throw new Error(`${error.message}\n${last === undefined ? "" : linesOf(last)}`);
      });
      times.push(`${what}: sound again within ${Math.round(performance.now() - from)} ms`);
    };
    const step = async (name: string, body: () => Promise<void>) => {
      // What one leaves broken the next ones would name too.
      assert.ok(await t.step(name, () => scene.withTranscript(body)), `after "${name}" nothing can be told`);
    };
    /** Breaks something, expects one code, undoes it, and waits until all is sound. */
    const breakage = (
      name: string,
      code: string,
      make: () => Promise<unknown>,
      undo: () => Promise<unknown>,
      shown: readonly string[] = [code],
    ) =>
      step(name, async () => {
        await make();
        let last: Diagnosis | undefined;
        const start = performance.now();
        await waitUntil(`doctor says ${code}`, async () => {
          last = await doctor();
          return last.codes.join() === code;
        }, HEAL_LIMIT).catch(() => expectCodes(last ?? assert.fail("doctor said nothing"), code));
        times.push(`${name}: ${code} after ${Math.round(performance.now() - start)} ms`);
        if (shown.length > 0) {
          const { faults } = await scene.server.waitForStatus(
            `the status shows ${shown.join(" or ")}`,
            ({ faults }) => faults.some((fault) => shown.includes(fault.code)),
            STATUS_LIMIT,
          ).catch(async (error) => {
            const { faults } = await scene.server.status() ?? assert.fail("the server has no status");
            throw new Error(`${error.message}, but ${faults.map((fault) => fault.code).join()}`);
          });
          const codes = faults.map((fault) => fault.code).join();
          times.push(`${name}: the status shows ${codes} after ${Math.round(performance.now() - start)} ms`);
        }
        await undo();
        await heals(name, performance.now());
      });

    await step("a sound system: exit 0", async () => {
      await scene.answers(page, "page");
      await scene.server.waitForStatus(
        "all paths are up",
        ({ paths }) => paths.list.filter(({ state }) => ["in-use", "standby"].includes(state)).length >= 2,
        20_000,
      );
      const found = await doctor();
      console.log(linesOf(found));
      expectCodes(found);
      times.push(`a sound system: ${found.took} ms`);
      assert.ok(found.took <= SOUND_LIMIT, `${found.took} ms`);
    });

    const udpRule = ["INPUT", "--proto", "udp", "--dport", `${SERVER_PORT}`, "--jump", "DROP"];
    await breakage(
      "UDP dropped",
      "path.udp-blocked",
      () => mac.exec(["iptables-nft", "--append", ...udpRule]),
      () => mac.exec(["iptables-nft", "--delete", ...udpRule]),
    );

    await step("DNS not installed: this machine asks another name server", async () => {
      const { wrapper: _, ...unaware } = plain;
      expectCodes(await diagnose(unaware), "names.resolver-missing");
    });

    const shareRule = ["INPUT", "--proto", "udp", "--dport", `${SHARING_PORT}`, "--jump", "DROP"];
    await breakage(
      "sharing port blocked",
      "sharing.blocked",
      () => mac.exec(["iptables-nft", "--append", ...shareRule]),
      () => mac.exec(["iptables-nft", "--delete", ...shareRule]),
    );

    const dropRule = ["FORWARD", "--in-interface", "connector0", "--jump", "DROP"];
    await breakage(
      "the machine's firewall drops",
      "firewall.blocks",
      () => vm.exec(["iptables-nft", "--insert", ...dropRule]),
      () => vm.exec(["iptables-nft", "--delete", ...dropRule]),
      ["network.silent"],
    );

    for (
      const [what, verb, prefix] of [["half of the", "add", "172.17.0.0/17"], [
        "the",
        "replace",
        "172.17.0.0/16",
      ]]
    ) {
      await breakage(
        `another interface takes ${what} route`,
        "route.taken",
        async () => {
          await mac.ip("link", "add", "vpn0", "type", "bridge");
          await mac.ip("link", "set", "vpn0", "up");
          await mac.ip("route", verb, prefix, "dev", "vpn0");
        },
        () => mac.ip("link", "del", "vpn0"),
        ["route.taken", "route.overlap"],
      );
    }

    await breakage(
      "subnet clash",
      "route.overlap",
      async () => {
        await mac.ip("link", "add", "office0", "type", "bridge");
        await mac.ip("link", "set", "office0", "up");
        await mac.ip("addr", "add", "172.17.0.77/16", "dev", "office0");
      },
      () => mac.ip("link", "del", "office0"),
    );

    const config = await Deno.readTextFile(scene.configFile);
    await breakage(
      "bad config",
      "config.invalid",
      () => Deno.writeTextFile(scene.configFile, `${config}route 172.300.0.0/16\n`),
      () => Deno.writeTextFile(scene.configFile, config),
    );

    await breakage(
      "clock 10 minutes off",
      "clock.skew",
      async () => {
        await clock.set(-600);
        // Any event does, such as those of a health check.
        await scene.docker("top page");
      },
      async () => {
        await clock.set(0);
        await scene.docker("top page");
      },
    );

    await step("the client's chain is flushed, and its rules are there again", async () => {
      const from = performance.now();
      await vm.exec(["iptables-nft", "--flush", "DOCKER-USER"]);
      await heals("chain of the client flushed", from);
    });

    const rules = await vm.exec(["iptables-nft-save"]);
    await breakage(
      "firewall flushed, Docker's own rules too",
      "firewall.blocks",
      async () => {
        // What Docker sets itself where it has switched forwarding on.
        await vm.exec(["iptables-nft", "--policy", "FORWARD", "DROP"]);
        await vm.exec(["iptables-nft", "--flush"]);
      },
      () => restoreRules(network, rules),
      [],
    );

    await step("the kept client is killed, and started again", async () => {
      const from = performance.now();
      await scene.docker(`kill ${CLIENT_CONTAINER}`);
      await heals("kept client killed", from);
    });

    await breakage(
      "Engine down",
      "docker.engine-down",
      () => scene.machine.engine.kill(),
      () => scene.machine.engine.start(),
    );

    console.log(times.map((line) => `  ${line}`).join("\n"));
  },
  { ...DEFAULT_ENGINE.needs, programs: [...DEFAULT_ENGINE.needs.programs, ...CLOCK_NEEDS.programs] },
);
