import { dirname, join } from "node:path";
import type { Clock } from "../../core/async/clock.ts";
import { CLIENT_REPOSITORY } from "../../core/docker/client_container.ts";
import { hasNamespace } from "../../core/docker/image_name.ts";
import { OperationError } from "../../core/error.ts";
import { imageRepository, version } from "../../program/build_info.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { progressLine } from "../../program/progress.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { imageId, type ImageProgress, loadImage, pullImage } from "../../system/docker/engine_images.ts";
import { readImageId, stampImage } from "../../system/docker/image_file.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";

const log = getLogger("docker");

/** Milliseconds before the first progress line and between two: most images are there before that. */
const PROGRESS_INTERVAL_MS = 3_000;

/** The file of the image, as `deno task image` writes it. */
const TAR = `${CLIENT_REPOSITORY}.tar`;

/** A value of `--image` that starts like a path or ends in .tar is a file, any other an image's name. */
const FILE = /^[./]|\.tar$/;

/** An image that exists. */
export interface FoundImage {
  readonly identity: string;
  /** Its file or name, for people. */
  readonly shown: string;
}

/** Where to look for the image when none is given. */
export interface ImageDefaults {
  /** The program's path. It is resolved at once, since the file may be replaced while the program runs. */
  readonly program: string;
  /** The image in the registry of the release, without its tag; empty if there is none. */
  readonly repository: string;
}

/**
 * Finds the image of the client container and brings it into the Engine: the one that a flag names, a file beside the
 * program, or the release's image in its registry.
 */
export class ClientImage {
  readonly #folder: string;
  readonly #repository: string;
  /** The image of the last file, with the file's state then. */
  #tar = { path: "", state: "", identity: "" };
  /** The Engine's ids of loaded images, by identity. */
  readonly #loaded = new Map<string, string>();
  readonly #logged = new LogOnChange();

  /** @param given the value of `--image`; undefined looks in the default places */
  constructor(
    readonly given: string | undefined,
    { program, repository }: ImageDefaults = { program: Deno.execPath(), repository: imageRepository },
    readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.#folder = dirname(Deno.realPathSync(program));
    this.#repository = repository;
  }

  /**
   * Finds the image of the client. One with a namespace is pulled if the Engine does not have it.
   *
   * @throws {OperationError} when none exists or the Engine does not answer
   */
  async find(engine: EngineClient): Promise<FoundImage> {
    const source = this.given ?? await this.#findFile();
    if (source === undefined) return await this.#findByName(engine);
    if (!FILE.test(source)) return await this.#named(engine, source);
    return { identity: await this.#identityOf(engine, source), shown: source };
  }

  /**
   * Loads the image into the Engine if it is missing there, which takes a second or more.
   *
   * @returns the Engine's name or id of it
   * @throws {OperationError} when it cannot be loaded
   */
  async provide(engine: EngineClient, { identity, shown }: FoundImage): Promise<string> {
    const known = this.#loaded.get(identity) ?? identity;
    if (await imageId(engine, known) !== undefined) return known;
    // It was removed after it was found.
    if (identity !== this.#tar.identity) throw noImage(shown);
    return await this.#load(engine, shown, identity);
  }

  async #findFile(): Promise<string | undefined> {
    for (const folder of [this.#folder, join(this.#folder, "..", "share", "docker-connector")]) {
      const path = join(folder, TAR);
      if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
    }
    return undefined;
  }

  /** Finds the image without a file: by the name of a local build, else by that of the release. */
  async #findByName(engine: EngineClient): Promise<FoundImage> {
    const name = `${CLIENT_REPOSITORY}:${version}`;
    const identity = await imageId(engine, name);
    if (identity !== undefined) return { identity, shown: name };
    if (this.#repository !== "") return await this.#named(engine, `${this.#repository}:${version}`);
    throw noImage(name, `, and no ${TAR} is beside this program`);
  }

  async #named(engine: EngineClient, name: string): Promise<FoundImage> {
    const there = await imageId(engine, name);
    if (there !== undefined) return { identity: there, shown: name };
    if (!hasNamespace(name)) throw noImage(name);
    const start = this.clock.now();
    await this.#tell("pulling image", name, { image: name }, (report) => pullImage(engine, name, report));
    const identity = await imageId(engine, name);
    if (identity === undefined) throw noImage(name);
    this.#logged.clear(name);
    log.info("image pulled", { image: name, milliseconds: Math.round(this.clock.now() - start) });
    return { identity, shown: name };
  }

  /** The digest of a file's image: from the file beside it, else from the Engine once it is loaded. */
  async #identityOf(engine: EngineClient, path: string): Promise<string> {
    const state = stampImage(path);
    if (this.#tar.path !== path || this.#tar.state !== state) {
      const identity = await readImageId(path);
      if (identity === undefined) {
        log.info(`no id is in ${path}.id, so the image is loaded to see which it is`);
      }
      this.#tar = { path, state, identity: identity ?? await this.#load(engine, path) };
    }
    return this.#tar.identity;
  }

  /** Loads a file; returns the Engine's id of its image. */
  async #load(engine: EngineClient, path: string, identity?: string): Promise<string> {
    const start = this.clock.now();
    const name = await this.#tell(
      "loading image",
      path,
      { file: path },
      (report) => loadImage(engine, path, report),
    );
    // An Engine with another store than the one that built it has another id.
    const id = (identity === undefined ? undefined : await imageId(engine, identity)) ??
      await imageId(engine, name);
    if (id === undefined) {
      throw new OperationError(
        "unavailable",
        `Cannot load image ${path}: the Docker Engine accepted it but does not list it`,
        `See what docker load -i ${path} says`,
      );
    }
    this.#loaded.set(identity ?? id, id);
    const milliseconds = Math.round(this.clock.now() - start);
    this.#logged.clear(path);
    log.info("image loaded", { image: name, file: path, milliseconds });
    return id;
  }

  /**
   * Logs the start of work once, since work that fails is started again and again, and then its progress; on a terminal a bar shows
   * that.
   */
  async #tell<T>(
    words: string,
    subject: string,
    fields: Readonly<Record<string, string>>,
    work: (report: ImageProgress) => Promise<T>,
  ): Promise<T> {
    if (this.#logged.changed(subject, words)) log.info(words, fields);
    using bar = progressLine()?.begin();
    if (bar !== undefined) {
      return await work((step, done, total) =>
        bar.update(`${words}: ${amountOf(step, done, total)}`, done / total)
      );
    }
    return await work(pacedProgress((state) => log.info(words, { ...fields, progress: state }), this.clock));
  }
}

/**
 * Limits progress reports to one in 3 s.
 *
 * @param report called with words such as "download 12.3 of 45.6 MB"
 */
export function pacedProgress(report: (progress: string) => void, clock: Clock): ImageProgress {
  let next = clock.now() + PROGRESS_INTERVAL_MS;
  return (step, done, total) => {
    if (clock.now() < next) return;
    next = clock.now() + PROGRESS_INTERVAL_MS;
    report(amountOf(step, done, total));
  };
}

function amountOf(step: string, done: number, total: number): string {
  return `${step} ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}

function noImage(name: string, more = ""): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot start the client container: the Docker Engine has no image ${name}${more}`,
    "Build or load it, or name a tar or an image with --image; or start the client by yourself",
  );
}
