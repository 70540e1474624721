import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../program/build_info.ts";
import { topologyTest } from "../topology/gate.ts";
import { mustRun, run } from "../topology/process.ts";
import { GithubSite } from "./github_site.ts";
import { TestRelease } from "./release.ts";
import { good, ISOLATED, refused, SCRIPT, script, type Shell, SHELLS, Site } from "./site.ts";

/** The same on a machine that runs systemd, whose systemctl is the one that comes first in PATH. */
const WITH_SYSTEMD = [
  ...["/usr/bin/unshare", "--mount", "--net", "/bin/sh", "-c"],
  'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"',
  "sh",
];

/** Removes the program while it runs, and once more after it was stopped. */
const REMOVE_TWICE = `
  "$PREFIX/bin/docker-connector" run --config "$PREFIX/etc/docker-connector.conf" 2>"$PREFIX/log" &
  until "$PREFIX/bin/docker-connector" status >/dev/null 2>&1; do sleep 0.1; done
  "$@" --uninstall; echo "running: $?"
  kill $!; wait $!
  rm "$PREFIX/log"
  "$@" --uninstall >/dev/null; echo "stopped: $?"`;

/** What helps a person, of a program. */
function helpFiles(program: string): string[] {
  return [
    `share/bash-completion/completions/${program}`,
    `share/fish/vendor_completions.d/${program}.fish`,
    `share/man/man1/${program}.1`,
    `share/zsh/site-functions/_${program}`,
  ];
}

const INSTALLED = [
  "bin/docker-connector",
  "etc/docker-connector.conf",
  "lib/systemd/system/docker-connector.service",
  ...helpFiles("docker-connector"),
  "share/man/man1/docker-connector-client.1",
  "share/docker-connector/docker-connector.conf.default",
  "share/docker-connector/mac-docker-connector.tar",
  "share/docker-connector/mac-docker-connector.tar.id",
].sort();

async function testShell(release: TestRelease, shell: Shell, t: Deno.TestContext): Promise<void> {
  await using site = new Site(release, shell);

  await t.step("installs, says what it did and what comes next", async () => {
    const said = await good(site.installer([]));
    assert.match(
      said,
      new RegExp(`^Installed ${site.prefix}/bin/docker-connector: docker-connector ${version} `, "m"),
    );
    assert.match(
      said,
      new RegExp(`^Next: sudo ${site.prefix}/bin/docker-connector run --config ${site.config}$`, "m"),
    );
    assert.match(said, /^Checked the SHA-256 alone, and not who built it: .*\(BASE_URL\)$/m);
    assert.deepEqual(site.files(), INSTALLED);
    assert.equal(((await Deno.stat(site.config)).mode ?? 0) & 0o777, 0o600);
    await mustRun([`${site.prefix}/bin/docker-connector`, "check", "--config", site.config]);
    const unit = await Deno.readTextFile(`${site.prefix}/lib/systemd/system/docker-connector.service`);
    const command = `${site.prefix}/bin/docker-connector run --config ${site.config}`;
    assert.ok(unit.includes(`ExecStart=${command}\n`), unit);
  });

  await t.step("removes all of it with one command", async () => {
    await good(site.installer(["--uninstall"]));
    assert.deepEqual(site.files(), []);
    await refused(site.installer(["--uninstall"]), /docker-connector: it is not installed in /);
  });

  await t.step("keeps an edited config file through upgrade and removal, and says so", async () => {
    await good(site.installer([]));
    const edited = await Deno.readTextFile(site.config) + "route 172.31.0.0/16\n";
    await Deno.writeTextFile(site.config, edited);
    assert.match(await good(site.installer([])), new RegExp(`^Kept ${site.config}; the default is `, "m"));
    assert.equal(await Deno.readTextFile(site.config), edited);

    assert.match(
      await good(site.installer(["--uninstall"])),
      new RegExp(`^Kept ${site.config}, which was edited`, "m"),
    );
    assert.deepEqual(site.files(), ["etc/docker-connector.conf"]);
    await good(site.installer([]));
    assert.equal(await Deno.readTextFile(site.config), edited);
    await good(site.installer(["--uninstall", "--purge"]));
    assert.deepEqual(site.files(), []);
  });

  await t.step("follows no link that somebody put in a target's place", async () => {
    const victim = `${release.folder}/victim-${shell}`;
    await Deno.writeTextFile(victim, "precious");
    await Deno.chmod(victim, 0o600);
    for (const file of INSTALLED) {
      await Deno.mkdir(dirname(`${site.prefix}/${file}`), { recursive: true });
      await Deno.symlink(victim, `${site.prefix}/${file}.new`);
    }
    await good(site.installer([]));
    assert.equal(await Deno.readTextFile(victim), "precious");
    assert.equal(((await Deno.stat(victim)).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual(site.files(), INSTALLED);
    const modes = INSTALLED.map((file) =>
      ((Deno.lstatSync(`${site.prefix}/${file}`).mode ?? 0) & 0o777).toString(8)
    );
    assert.deepEqual(modes, ["755", "600", ...Array(INSTALLED.length - 2).fill("644")]);
    await good(site.installer(["--uninstall"]));
  });

  await t.step("installs below a prefix that sed would read", async () => {
    const prefix = `${site.prefix}/a&b|c`;
    await good(site.installer([], { PREFIX: prefix }));
    const unit = await Deno.readTextFile(`${prefix}/lib/systemd/system/docker-connector.service`);
    assert.ok(unit.includes(`ExecStart=${prefix}/bin/docker-connector run --config ${prefix}/etc/`), unit);
    await good(site.installer(["--uninstall"], { PREFIX: prefix }));
    for (const PREFIX of [`${site.prefix}/a b`, `${site.prefix}/100%`, "relative"]) {
      await refused(site.installer([], { PREFIX }), /Cannot install below /);
    }
    assert.deepEqual(site.files(), []);
  });

  await t.step("says when programs cannot be run in the temporary folder", async () => {
    const mount = [
      ...["/usr/bin/unshare", "--mount", "/bin/sh", "-c"],
      'mount -t tmpfs -o noexec tmpfs "$TMPDIR" && exec "$@"',
      "sh",
    ];
    const TMPDIR = `${release.folder}/noexec`;
    await Deno.mkdir(TMPDIR, { recursive: true });
    await refused(
      site.installer([], { TMPDIR }, mount),
      /Cannot run programs in \S+noexec\S+: it is mounted with noexec\. Set TMPDIR.*Nothing was installed/,
    );
    assert.deepEqual(site.files(), []);
  });

  await t.step("installs and removes docker-accessor alike", async () => {
    assert.match(
      await good(site.installer(["docker-accessor"])),
      /^Next: sudo \S+\/docker-accessor run --remote /m,
    );
    const unit = "lib/systemd/system/docker-accessor.service";
    assert.deepEqual(site.files(), ["bin/docker-accessor", unit, ...helpFiles("docker-accessor")].sort());
    await good(site.installer(["--uninstall", "docker-accessor"]));
    assert.deepEqual(site.files(), []);
  });

  await t.step("keeps the accessor's token and says so, unless it is purged", async () => {
    const login = `${site.prefix}/etc/docker-accessor.env`;
    await good(site.installer(["docker-accessor"]));
    await Deno.mkdir(dirname(login), { recursive: true });
    await Deno.writeTextFile(login, "DOCKER_ACCESSOR_TOKEN=abc\n");
    assert.match(
      await good(site.installer(["--uninstall", "docker-accessor"])),
      new RegExp(`^Kept ${login}, which holds a token; .*--purge docker-accessor`, "m"),
    );
    assert.deepEqual(site.files(), ["etc/docker-accessor.env"]);
    await good(site.installer(["docker-accessor"]));
    await good(site.installer(["--uninstall", "--purge", "docker-accessor"]));
    assert.deepEqual(site.files(), []);
  });

  await t.step("refuses what it cannot do, and leaves nothing", async () => {
    const uname = `${release.folder}/uname-${shell}`;
    const machine = async (kernel: string, processor: string) => {
      await Deno.mkdir(uname, { recursive: true });
      await Deno.writeTextFile(
        `${uname}/uname`,
        `#!/bin/sh\ncase $1 in -s) echo ${kernel} ;; *) echo ${processor} ;; esac\n`,
        { mode: 0o755 },
      );
      return await site.installer([], { PATH: `${uname}:` });
    };
    // busybox's shell takes its own uname, wherever another one is.
    if (shell !== "busybox") {
      await refused(machine("FreeBSD", "amd64"), /Cannot install on FreeBSD: .*macOS and Linux only/);
      await refused(machine("Linux", "riscv64"), /Cannot install on riscv64: .*arm64 and x86_64 only/);
      await refused(machine("Linux", "aarch64"), /Cannot download .*docker-connector-linux-arm64\.tar\.gz/);
    }
    await refused(site.installer([], { PREFIX: "/proc/docker-connector" }), /Cannot write to .*with sudo/);
    await refused(site.installer(["--upgrade"]), /Cannot understand "--upgrade"/);
    assert.deepEqual(site.files(), []);
  });

  await t.step("refuses an archive whose hash is another, or is not listed", async () => {
    const sums = `${release.files}/SHA256SUMS`;
    const text = await Deno.readTextFile(sums);
    await Deno.writeTextFile(sums, text.replace(/^[0-9a-f]{8}/gm, "00000000"));
    await refused(
      site.installer([]),
      /its SHA-256 is [0-9a-f]{64} instead of 00000000.*Nothing was installed/,
    );
    await Deno.writeTextFile(sums, "");
    await refused(site.installer([]), /the release has no such file/);
    await Deno.writeTextFile(sums, text);
    assert.deepEqual(site.files(), []);
  });

  await t.step("a script that was cut off on its way does nothing", async () => {
    const text = (await Deno.readTextFile(SCRIPT)).trimEnd();
    const cut = `${release.folder}/cut-${shell}.sh`;
    await Deno.writeTextFile(cut, text.slice(0, text.lastIndexOf("main")));
    const argv = shell === "busybox" ? ["/bin/busybox", "sh", cut] : [`/bin/${shell}`, cut];
    await run(argv, { env: { PREFIX: site.prefix, BASE_URL: site.baseUrl } });
    assert.deepEqual(site.files(), []);
  });
}

topologyTest("shellcheck finds no fault in install.sh and gather.sh", async () => {
  const gather = fileURLToPath(new URL("../../packaging/image/gather.sh", import.meta.url));
  assert.equal(await mustRun(["shellcheck", "--shell=sh", SCRIPT, gather]), "");
}, { programs: ["shellcheck"], packages: ["shellcheck"] });

topologyTest("install.sh", async (t) => {
  await using release = await TestRelease.create();
  for (const shell of SHELLS) await t.step(`under ${shell}`, (t) => testShell(release, shell, t));

  await t.step("tells systemd of a unit that goes, and people of an old version that runs on", async () => {
    await using site = new Site(release, "dash");
    const front = `${release.folder}/front`;
    const calls = `${front}/calls`;
    await script(
      `${front}/systemctl`,
      `echo "$@" >>"${calls}"; [ "$1" != is-active ] || [ -e "${front}/active" ]`,
    );
    const env = { PATH: `${front}:`, BASE_URL: `file://${release.files}` };
    await Deno.writeTextFile(`${front}/active`, "");
    assert.match(
      await good(site.installer([], env, WITH_SYSTEMD)),
      /^Next: sudo systemctl daemon-reload && sudo systemctl restart docker-connector \(the old version/m,
    );
    await Deno.remove(`${front}/active`);
    assert.match(await good(site.installer([], env, WITH_SYSTEMD)), /^Next: sudo \S+ run --config /m);
    await good(site.installer(["--uninstall"], env, WITH_SYSTEMD));
    assert.deepEqual((await Deno.readTextFile(calls)).trimEnd().split("\n"), [
      "is-active --quiet docker-connector",
      "is-active --quiet docker-connector",
      "disable --now docker-connector",
      "daemon-reload",
    ]);
    assert.deepEqual(site.files(), []);
  });

  await t.step("asks gh or cosign for the provenance of what comes from the project's page", async () => {
    await using site = new Site(release, "dash");
    await using github = await GithubSite.start(release.files, release.folder);
    site.script = `${release.folder}/install-of-a-release.sh`;
    const text = await Deno.readTextFile(SCRIPT);
    await Deno.writeTextFile(
      site.script,
      text.replace("github.com/OWNER/REPOSITORY", "github.com/someone/project"),
    );
    const bundle = `${release.files}/provenance.sigstore.json`;
    const front = `${release.folder}/verifiers`;
    const calls = `${front}/calls`;
    const install = async (verdict: string, env: Record<string, string> = {}) => {
      await script(
        `${front}/gh`,
        `[ "$2" != --help ] || exit 0; echo "$@" >"${calls}"; cat "$5" >>"${calls}"; ${verdict}`,
      );
      const all = { PATH: `${front}:`, BASE_URL: "", ...github.env, ...env };
      return await site.installer([], all, github.wrapper);
    };
    const signer =
      "--cert-identity-regex ^https://github[.]com/someone/project/[.]github/workflows/release[.]yml@refs/tags/v";

    await refused(install("exit 0"), /Cannot download \S+\/provenance\.sigstore\.json/);
    await Deno.writeTextFile(bundle, "the bundle");
    await refused(
      install("exit 1"),
      /its provenance is not the project's release, says gh\. Nothing was installed/,
    );
    const [verify = "", given] = (await Deno.readTextFile(calls)).split("\n");
    assert.match(
      verify,
      /^attestation verify \S+\/docker-connector-\S+\.tar\.gz --bundle \S+ --repo someone\/project /,
    );
    assert.ok(verify.endsWith(`${signer}.`), verify);
    assert.equal(given, "the bundle");
    await refused(install("exit 1", { VERSION: "1.2.3" }), /says gh/);
    assert.ok((await Deno.readTextFile(calls)).includes(`${signer}1[.]2[.]3$`));
    assert.deepEqual(site.files(), []);

    assert.match(
      await good(install("exit 0")),
      /^Verified by gh that the project's release workflow built docker-connector-/m,
    );
    await good(site.installer(["--uninstall"]));

    // A gh from before attestations.
    const old = `[ "$2" != --help ] || exit 1; echo "$@" >"${calls}"`;
    await script(`${front}/cosign`, `echo "$@" >"${calls}"; exit 1`);
    await script(`${front}/gh`, old);
    const asCosign = () =>
      site.installer([], { PATH: `${front}:`, BASE_URL: "", ...github.env }, github.wrapper);
    await refused(
      asCosign(),
      /its provenance is not the project's release, says cosign\. Nothing was installed/,
    );
    assert.match(
      await Deno.readTextFile(calls),
      /^verify-blob-attestation --bundle \S+ .*--certificate-identity-regexp \^https:\/\/github\[\.\]com\/someone\/\S+ \S+\.tar\.gz\n$/,
    );
    await Deno.remove(`${front}/cosign`);
    await Deno.remove(bundle);
    assert.match(
      await good(asCosign()),
      /^Checked the SHA-256 alone, and not who built it: there is neither gh nor cosign/m,
    );
    await good(site.installer(["--uninstall"]));
  });

  await t.step("does not remove a program that runs", async () => {
    await using site = new Site(release, "dash");
    await good(site.installer([]));
    const argv = [...ISOLATED, "sh", "-c", REMOVE_TWICE, "sh", "/bin/dash", SCRIPT];
    const { stdout, stderr } = await run(argv, { env: { PREFIX: site.prefix, HOME: site.prefix } });
    assert.match(stderr, /Cannot remove docker-connector: it is running\. Stop it first/);
    assert.equal(stdout, "running: 1\nstopped: 0");
    assert.deepEqual(site.files(), []);
  });
}, { programs: ["curl", "dash", "openssl"], packages: ["curl", "dash", "openssl"] });
