import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../program/build_info.ts";
import {
  archiveName,
  IMAGE_FILE,
  IMAGE_ID_FILE,
  INSTALLED_PROGRAMS,
  SYSTEMS,
} from "../../tools/release/names.ts";
import { readStatus, type ServerStatus } from "../topology/control_socket.ts";
import { topologyTest } from "../topology/gate.ts";
import { mustRun, Process } from "../topology/process.ts";
import { waitUntil } from "../topology/wait.ts";
import { TestRelease, thisSystem } from "./release.ts";

const RUNNER = fileURLToPath(new URL("run_formula.rb", import.meta.url));
const RUBY = { programs: ["ruby"], packages: ["ruby"] };

/** What both services say of themselves. A program that ended within the minute is started again after it. */
const SERVICE = {
  require_root: true,
  keep_alive: true,
  throttle_interval: 60,
  process_type: "interactive",
};

/** What a formula says for one system. */
interface Facts {
  readonly version: string;
  readonly url?: string;
  readonly sha256?: string;
  readonly depends_on: readonly string[];
  readonly caveats: string;
  readonly livecheck: { readonly url: string; readonly strategy: string };
  readonly service: {
    readonly run: readonly string[];
    readonly require_root: boolean;
    readonly keep_alive: boolean;
    readonly throttle_interval: number;
    readonly process_type: string;
    readonly log_path: string;
    readonly error_log_path: string;
  } | null;
}

async function formula(
  action: string,
  file: string,
  os: string,
  cpu: string,
  ...rest: string[]
): Promise<Facts> {
  return JSON.parse(await mustRun(["ruby", RUNNER, action, file, os, cpu, ...rest]));
}

topologyTest("the formulas, read for each system", async (t) => {
  for (const [index, program] of INSTALLED_PROGRAMS.entries()) {
    const golden = fileURLToPath(new URL(`golden/${program}.rb`, import.meta.url));
    for (const [place, system] of SYSTEMS.entries()) {
      await t.step(`${program} for ${system.os} on ${system.cpu}`, async () => {
        const facts = await formula("facts", golden, system.os, system.cpu, "/brew");
        assert.equal(facts.version, "1.2.3");
        assert.ok(facts.url?.endsWith(`/v1.2.3/${archiveName(program, system)}`), facts.url);
        assert.equal(facts.sha256, String(index * SYSTEMS.length + place + 1).repeat(64));
        assert.deepEqual(facts.depends_on, []);
        assert.match(facts.caveats, new RegExp(`sudo .*${program}`));
        assert.deepEqual(facts.livecheck, { url: "stable", strategy: "github_latest" });
      });
    }
  }

  await t.step("the service runs as root with the config file that people edit", async () => {
    const golden = fileURLToPath(new URL("golden/docker-connector.rb", import.meta.url));
    const { service, caveats } = await formula("facts", golden, "darwin", "arm64", "/brew");
    assert.deepEqual(service, {
      run: [
        "/brew/opt/docker-connector/bin/docker-connector",
        "run",
        "--config",
        "/brew/etc/docker-connector.conf",
      ],
      ...SERVICE,
      log_path: "/brew/var/log/docker-connector.log",
      error_log_path: "/brew/var/log/docker-connector.log",
    });
    assert.match(caveats, /^ {2}sudo brew services start docker-connector$/m);
    assert.match(caveats, /\/brew\/etc\/docker-connector\.conf/);
  });

  await t.step("the accessor's service reads where to log in from a file", async () => {
    const golden = fileURLToPath(new URL("golden/docker-accessor.rb", import.meta.url));
    const { service, caveats } = await formula("facts", golden, "darwin", "arm64", "/brew");
    assert.deepEqual(service, {
      run: [
        "/brew/opt/docker-accessor/bin/docker-accessor",
        "run",
        "--env-file",
        "/brew/etc/docker-accessor.env",
      ],
      ...SERVICE,
      log_path: "/brew/var/log/docker-accessor.log",
      error_log_path: "/brew/var/log/docker-accessor.log",
    });
    assert.match(caveats, /^ {2}sudo brew services start docker-accessor$/m);
  });
}, RUBY);

topologyTest("the formulas, installed from archives of the compiled programs", async (t) => {
  assert.ok(thisSystem);
  const { os, cpu } = thisSystem;
  await using release = await TestRelease.create();
  const root = `${release.folder}/brew`;
  const of = (program: string) => [`${release.files}/${program}.rb`, os, cpu, root] as const;
  const install = (program: string) =>
    formula("install", ...of(program), `${release.files}/${archiveName(program, { os, cpu })}`);
  const config = `${root}/etc/docker-connector.conf`;

  for (const program of INSTALLED_PROGRAMS) {
    await t.step(
      `${program} is installed with its completions and manual page and passes its own test`,
      async () => {
        await install(program);
        const cellar = `${root}/Cellar/${program}/${version}`;
        const { stdout } = await new Deno.Command(`${root}/opt/${program}/bin/${program}`, {
          args: ["--version"],
        })
          .output();
        assert.match(new TextDecoder().decode(stdout), new RegExp(`^${program} ${version} `));
        for (
          const path of [
            `etc/bash_completion.d/${program}`,
            `share/zsh/site-functions/_${program}`,
            `share/fish/vendor_completions.d/${program}.fish`,
            `share/man/man1/${program}.1`,
          ]
        ) {
          assert.ok((await Deno.readTextFile(`${cellar}/${path}`)).includes(program), path);
        }
        await formula("test", ...of(program));
      },
    );
  }

  await t.step("the client's image lies where the server looks for it", async () => {
    const program = await Deno.realPath(`${root}/opt/docker-connector/bin/docker-connector`);
    const share = `${dirname(program)}/../share/docker-connector`;
    assert.equal(await Deno.readTextFile(`${share}/${IMAGE_FILE}`), "the image");
    assert.equal(await Deno.readTextFile(`${share}/${IMAGE_ID_FILE}`), "its id");
  });

  await t.step("the default config file is valid and for its owner alone", async () => {
    await mustRun([`${root}/opt/docker-connector/bin/docker-connector`, "check", "--config", config]);
    assert.equal(((await Deno.stat(config)).mode ?? 0) & 0o777, 0o600);
  });

  await t.step("an upgrade keeps an edited config file and lays the default beside it", async () => {
    const original = await Deno.readTextFile(config);
    await install("docker-connector");
    assert.deepEqual(namesIn(`${root}/etc`), ["docker-connector.conf"]);

    const edited = `${original}docker off\nport 2519\nroute 172.31.0.0/16\n`;
    await Deno.writeTextFile(config, edited);
    await install("docker-connector");
    assert.equal(await Deno.readTextFile(config), edited);
    assert.deepEqual(namesIn(`${root}/etc`), ["docker-connector.conf", "docker-connector.conf.default"]);
    assert.equal(await Deno.readTextFile(`${config}.default`), original);
  });

  await t.step("the service's command carries the tunnel with the edited config file", async () => {
    const { service } = await formula("facts", ...of("docker-connector"));
    assert.ok(service);
    const control = `${release.folder}/control.sock`;
    await using server = new Process(["unshare", "--net", ...service.run, "--control", control], {
      cwd: "/",
    });
    const status = await waitUntil("the service answers", async () => {
      assert.ok(server.running, server.stderr.lines.join("\n"));
      return await readStatus<ServerStatus>(control);
    });
    assert.equal(status.config.file, config);
    assert.equal(status.listen, "127.0.0.1:2519");
    assert.equal((await server.stop()).code, 0);
  });
}, RUBY);

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
