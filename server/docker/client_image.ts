/**
 * The image of the client container: what a flag names, a file beside the program, or the release's image in its registry.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { imageRepository, version } from "../../program/build_info.ts";
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { CLIENT_REPOSITORY } from "../../core/docker/client_container.ts";
import { hasNamespace } from "../../core/docker/image_name.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { imageId, type ImageProgress, loadImage, pullImage } from "../../system/docker/engine_images.ts";
import { readImageId, stampImage } from "../../system/docker/image_file.ts";
import { pacedProgress } from "./paced_progress.ts";

const log = getLogger("docker");

/** The file of the image, as `deno task image` writes it. */
const TAR = `${CLIENT_REPOSITORY}.tar`;

/** Where an image comes from. */
export type ImageSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "name"; readonly name: string };

/** Reads `--image`: what starts like a path or ends in .tar is a file, all else an image's name. */
export function imageSource(given: string): ImageSource {
  return /^[./]|\.tar$/.test(given) ? { kind: "file", path: given } : { kind: "name", name: given };
}

/** An image that is there. */
export interface FoundImage {
  /** Tells it from every other image: a digest. */
  readonly identity: string;
  /** The file or the name, for people. */
  readonly shown: string;
}

/** Where images are looked for when none is given. */
export interface UsualPlaces {
  /** The program's path; read at once, since the file may be replaced while the program runs. */
  readonly program: string;
  /** The image in the registry of the release, without its tag; empty: there is none. */
  readonly repository: string;
}

/** Finds the image, and brings it into the Engine. */
export class ClientImage {
  readonly #given: ImageSource | undefined;
  readonly #folder: string;
  readonly #repository: string;
  /** What a file holds, by the file's state then. */
  #tar = { path: "", state: "", identity: "" };
  /** The Engine's ids of what was loaded, by identity. */
  readonly #loaded = new Map<string, string>();
  readonly #said = new LogOnChange();

  /** @param given the value of `--image`; undefined looks in the usual places */
  constructor(
    given: string | undefined,
    { program, repository }: UsualPlaces = { program: Deno.execPath(), repository: imageRepository },
  ) {
    this.#given = given === undefined ? undefined : imageSource(given);
    this.#folder = dirname(Deno.realPathSync(program));
    this.#repository = repository;
  }

  /**
   * Which image a container has to be made of. A name with a namespace is pulled when the Engine has no such image.
   *
   * @throws {OperationError} when there is none, or the Engine does not answer
   */
  async find(engine: EngineClient): Promise<FoundImage> {
    const source = this.#given ?? await this.#file();
    if (source === undefined) return await this.#usual(engine);
    if (source.kind === "name") return await this.#named(engine, source.name);
    return { identity: await this.#identityOf(engine, source.path), shown: source.path };
  }

  /**
   * Sees to it that the Engine has the image, which takes a second or more where it must be loaded.
   *
   * @returns what the Engine knows it by
   * @throws {OperationError} when it cannot be loaded
   */
  async provide(engine: EngineClient, { identity, shown }: FoundImage): Promise<string> {
    const known = this.#loaded.get(identity) ?? identity;
    if (await imageId(engine, known) !== undefined) return known;
    // It has been removed since it was found.
    if (identity !== this.#tar.identity) throw noImage(shown);
    return await this.#load(engine, shown, identity);
  }

  /** The file in one of the usual places. */
  async #file(): Promise<ImageSource | undefined> {
    for (
      const path of [join(this.#folder, TAR), join(this.#folder, "..", "share", "docker-connector", TAR)]
    ) {
      if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return { kind: "file", path };
    }
    return undefined;
  }

  /** Without a file: the name that its image has, else that of the release. */
  async #usual(engine: EngineClient): Promise<FoundImage> {
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
    this.#announce("image is being pulled", { image: name });
    const start = performance.now();
    await pullImage(engine, name, progress("image is being pulled", { image: name }));
    const identity = await imageId(engine, name);
    if (identity === undefined) throw noImage(name);
    this.#said.clear(name);
    log.info("image pulled", { image: name, milliseconds: Math.round(performance.now() - start) });
    return { identity, shown: name };
  }

  /** What a file's image is known by: what is written beside it, else what the Engine says once it is loaded. */
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

  /** What fails is begun again and again, so its beginning is told once. */
  #announce(words: string, fields: Readonly<Record<string, string>>): void {
    if (this.#said.changed(Object.values(fields).join(), words)) log.info(words, fields);
  }

  /** Loads a file; what the Engine knows its image by. */
  async #load(engine: EngineClient, path: string, identity?: string): Promise<string> {
    this.#announce("image is being loaded", { file: path });
    const start = performance.now();
    const name = await loadImage(engine, path, progress("image is being loaded", { file: path }));
    // An Engine with another store than the one that built it has another id.
    const id = (identity === undefined ? undefined : await imageId(engine, identity)) ??
      await imageId(engine, name);
    if (id === undefined) {
      throw new OperationError(
        "unavailable",
        `Cannot load image ${path}: the Docker Engine has taken it, but does not show it`,
        `See what docker load -i ${path} says`,
      );
    }
    this.#loaded.set(identity ?? id, id);
    const milliseconds = Math.round(performance.now() - start);
    this.#said.clear(path);
    log.info("image loaded", { image: name, file: path, milliseconds });
    return id;
  }
}

function progress(words: string, fields: Readonly<Record<string, string>>): ImageProgress {
  return pacedProgress((state) => log.info(words, { ...fields, progress: state }));
}

function noImage(name: string, more = ""): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot start the client container: the Docker Engine has no image ${name}${more}`,
    "Build or load it, or name a tar or an image with --image; or start the client by yourself",
  );
}
