/**
 * A release of the programs in dist/, for this system only and with a few octets in place of the client's image. It
 * ends with the test that made it.
 *
 * @module
 */
import { version } from "../../program/build_info.ts";
import { buildRelease } from "../../tools/release/build_release.ts";
import { HOME, IMAGE_FILE, IMAGE_ID_FILE, INSTALLED_PROGRAMS, SYSTEMS } from "../../tools/release/names.ts";
import { binary } from "../topology/daemon.ts";

/** The system that the tests run on, as a release names it. */
export const thisSystem = SYSTEMS.find(({ target }) => target === Deno.build.target);

/** A folder with a release and room for what a test installs. */
export class TestRelease implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Makes a release from dist/. */
  static async create(): Promise<TestRelease> {
    const release = new TestRelease(await Deno.makeTempDir({ prefix: "docker-connector-release-" }));
    try {
      const programs = `${release.folder}/programs`;
      await Deno.mkdir(programs);
      for (const program of INSTALLED_PROGRAMS) await Deno.symlink(binary(program), `${programs}/${program}`);
      await Deno.writeTextFile(`${programs}/${IMAGE_FILE}`, "the image");
      await Deno.writeTextFile(`${programs}/${IMAGE_ID_FILE}`, "its id");
      await buildRelease({
        programs,
        output: release.files,
        home: HOME,
        version,
        complete: false,
      });
      return release;
    } catch (error) {
      await release[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The folder of the release's files. */
  get files(): string {
    return `${this.folder}/release`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
