import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { runOrThrow } from "../command.ts";
import { buildRelease, type ReleaseSettings } from "./build_release.ts";
import { hashFile } from "../runtime_file.ts";
import { bomPath } from "../sbom/cyclonedx.ts";
import { HOME, IMAGE_FILE, IMAGE_ID_FILE, INSTALLED_PROGRAMS, SYSTEMS } from "./names.ts";

/** Writes a bill of materials, as far as a release reads it, beside a file. */
async function describe(path: string): Promise<void> {
  const hashes = [{ alg: "SHA-256", content: await hashFile(path) }];
  await Deno.writeTextFile(bomPath(path), JSON.stringify({ metadata: { component: { hashes } } }));
}

/** Runs a test over a folder like the one that a release workflow gathers: every target's files, each with its own text. */
async function withPrograms(body: (settings: ReleaseSettings) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const programs = join(folder, "dist");
    for (const { os, target } of SYSTEMS) {
      await Deno.mkdir(join(programs, target), { recursive: true });
      const names = os === "linux" ? [...INSTALLED_PROGRAMS, IMAGE_FILE, IMAGE_ID_FILE] : INSTALLED_PROGRAMS;
      for (const name of names) {
        const path = join(programs, target, name);
        await Deno.writeTextFile(path, `${name} for ${target}`);
        if (name !== IMAGE_ID_FILE) await describe(path);
      }
    }
    await body({ programs, output: join(folder, "release"), home: HOME, version: "1.2.3", complete: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a complete release holds every program, the images, and hashes that sha256sum accepts", () =>
  withPrograms(async (settings) => {
    const { output } = settings;
    const { files, missing } = await buildRelease(settings);
    assert.deepEqual(missing, []);
    const archives = [
      "docker-accessor-darwin-arm64",
      "docker-accessor-darwin-x64",
      "docker-accessor-linux-arm64",
      "docker-accessor-linux-x64",
      "docker-connector-darwin-arm64",
      "docker-connector-darwin-x64",
      "docker-connector-linux-arm64",
      "docker-connector-linux-x64",
      "mac-docker-connector-linux-arm64",
      "mac-docker-connector-linux-x64",
    ];
    assert.deepEqual(
      files.toSorted(),
      [
        ...archives.flatMap((name) => [`${name}.tar.gz`, `${name}.cdx.json`]),
        "SHA256SUMS",
        "docker-accessor.rb",
        "docker-connector.rb",
        "install.sh",
      ].sort(),
    );
    const bom = JSON.parse(await Deno.readTextFile(join(output, "docker-accessor-darwin-arm64.cdx.json")));
    assert.equal(
      bom.metadata.component.hashes[0].content,
      await hashFile(join(settings.programs, "aarch64-apple-darwin", "docker-accessor")),
    );
    const sums = await Deno.readTextFile(join(output, "SHA256SUMS"));
    const listed = sums.trimEnd().split("\n").map((line) => line.split("  ")[1]);
    assert.deepEqual(listed, files.filter((name) => name !== "SHA256SUMS").toSorted());
    const verify = Deno.build.os === "darwin" ? ["shasum", "-a", "256"] : ["sha256sum", "--strict"];
    await runOrThrow([...verify, "--check", "SHA256SUMS"], { cwd: output });
  }));

Deno.test("a bill of materials of an earlier program is not released", () =>
  withPrograms(async (settings) => {
    await Deno.writeTextFile(
      join(settings.programs, "x86_64-apple-darwin", "docker-accessor"),
      "compiled again",
    );
    await assert.rejects(
      buildRelease(settings),
      (error) =>
        error instanceof OperationError && /docker-accessor\.cdx\.json is of another file/.test(error.report),
    );
  }));

Deno.test("a program that holds another Deno than the one that was tested is not released", () =>
  withPrograms(async (settings) => {
    const refusal = (error: unknown) =>
      error instanceof OperationError &&
      /^Cannot release .*: it holds no Deno, not Deno 2\.9\.6/.test(error.report);
    await assert.rejects(buildRelease({ ...settings, denoVersion: "2.9.6" }), refusal);
    for (const { os, target } of SYSTEMS) {
      const names = os === "linux" ? [...INSTALLED_PROGRAMS, "docker-connector-client"] : INSTALLED_PROGRAMS;
      for (const name of names) {
        const path = join(settings.programs, target, name);
        await Deno.writeTextFile(path, "\0Deno/2.9.6\0");
        await describe(path);
      }
    }
    await buildRelease({ ...settings, denoVersion: "2.9.6" });
    const other = join(settings.programs, "x86_64-unknown-linux-gnu", "docker-connector-client");
    await Deno.writeTextFile(other, "\0Deno/2.4.2\0");
    await describe(other);
    await assert.rejects(
      buildRelease({ ...settings, denoVersion: "2.9.6" }),
      /holds Deno 2\.4\.2, not Deno 2\.9\.6/,
    );
  }));

Deno.test("an archive has its own system's program, and the image for Docker's machine on that processor", () =>
  withPrograms(async (settings) => {
    await buildRelease(settings);
    const archive = join(settings.output, "docker-connector-darwin-arm64.tar.gz");
    const text = async (name: string) => await runOrThrow(["tar", "-xzOf", archive, name]);
    assert.equal(await text("docker-connector"), "docker-connector for aarch64-apple-darwin");
    assert.equal(await text(IMAGE_FILE), `${IMAGE_FILE} for aarch64-unknown-linux-gnu`);
    assert.equal(await text(IMAGE_ID_FILE), `${IMAGE_ID_FILE} for aarch64-unknown-linux-gnu`);
    const list = async (name: string) =>
      (await runOrThrow(["tar", "-tzf", join(settings.output, name)])).trimEnd().split("\n").sort();
    const pages = ["docker-connector-client.1", "docker-connector.1"];
    const config = "docker-connector.conf";
    const server = ["LICENSE", "docker-connector", ...pages, config, IMAGE_FILE, IMAGE_ID_FILE];
    assert.deepEqual(await list("docker-connector-darwin-arm64.tar.gz"), server);
    assert.deepEqual(
      await list("docker-connector-linux-x64.tar.gz"),
      [...server, "docker-connector.service"].sort(),
    );
    assert.deepEqual(await list("docker-accessor-darwin-x64.tar.gz"), [
      "LICENSE",
      "docker-accessor",
      "docker-accessor.1",
    ]);
  }));

Deno.test("a release elsewhere names that place in install.sh and in the formulas", () =>
  withPrograms(async (settings) => {
    await buildRelease({ ...settings, home: "https://git.example.org/a/b" });
    for (const name of ["install.sh", "docker-connector.rb", "docker-accessor.rb"]) {
      const text = await Deno.readTextFile(join(settings.output, name));
      assert.ok(text.includes("https://git.example.org/a/b"), name);
      assert.ok(!text.includes(HOME), name);
      assert.doesNotMatch(text.replace("*/OWNER/REPOSITORY/*)", ""), /OWNER/, name);
    }
  }));

Deno.test("a release that has to be complete is refused with the names of what is missing", () =>
  withPrograms(async (settings) => {
    await Deno.remove(join(settings.programs, "x86_64-apple-darwin", "docker-accessor"));
    // A tar without its id counts as none.
    await Deno.remove(join(settings.programs, "aarch64-unknown-linux-gnu", IMAGE_ID_FILE));
    await Deno.remove(bomPath(join(settings.programs, "aarch64-apple-darwin", "docker-accessor")));
    const names = [
      "docker-accessor-darwin-arm64.cdx.json",
      "docker-accessor-darwin-x64.tar.gz",
      "mac-docker-connector-linux-arm64.tar.gz",
    ];
    await assert.rejects(
      buildRelease(settings),
      (error) => error instanceof OperationError && names.every((name) => error.message.includes(name)),
    );
    assert.deepEqual((await buildRelease({ ...settings, complete: false })).missing, names);
  }));

Deno.test("the same programs make the same release, whenever they were written", () =>
  withPrograms(async (settings) => {
    const sums = async () => {
      await buildRelease(settings);
      return await Deno.readTextFile(join(settings.output, "SHA256SUMS"));
    };
    const first = await sums();
    for (const { target } of SYSTEMS) {
      for (const { name } of Deno.readDirSync(join(settings.programs, target))) {
        await Deno.utime(join(settings.programs, target, name), 1000, 1000);
      }
    }
    assert.equal(await sums(), first);
  }));
