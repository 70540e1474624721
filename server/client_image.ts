/**
 * The image of the client container: a file beside the program, or what a flag names.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { version } from "../cli/build_info.ts";
import { getLogger } from "../cli/log.ts";
import { CLIENT_REPOSITORY } from "../core/engine/client_container.ts";
import { hasNamespace } from "../core/engine/image_name.ts";
import { OperationError } from "../core/error.ts";
import type { EngineClient } from "../system/engine/engine_client.ts";
import { imageId, loadImage, pullImage } from "../system/engine/engine_images.ts";
import { readImageTar } from "../system/engine/image_tar.ts";
import { stampFile } from "../system/file_stamp.ts";

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

/** Finds the image, and brings it into the Engine. */
export class ClientImage {
  readonly #given: ImageSource | undefined;
  /** What was read from a file, by the file's state then. */
  #tar = { path: "", state: "", digest: "" };
  /** The Engine's ids of what was loaded, by digest. */
  readonly #loaded = new Map<string, string>();

  /** @param given the value of `--image`; undefined looks in the usual places */
  constructor(given: string | undefined) {
    this.#given = given === undefined ? undefined : imageSource(given);
  }

  /**
   * Which image a container has to be made of. A name with a namespace is pulled when the Engine has no such image.
   *
   * @throws {OperationError} when there is none, or the Engine does not answer
   */
  async find(engine: EngineClient): Promise<FoundImage> {
    const source = this.#given ?? await usualSource();
    if (source.kind === "file") return { identity: await this.#digestOf(source.path), shown: source.path };
    return { identity: await this.#named(engine, source.name), shown: source.name };
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
    if (identity !== this.#tar.digest) throw noImage(shown, true);
    const start = performance.now();
    const name = await loadImage(engine, shown);
    // With containerd's store the id is another digest than the configuration's.
    const id = await imageId(engine, identity) ?? await imageId(engine, name);
    if (id === undefined) {
      throw new OperationError(
        "unavailable",
        `Cannot load image ${shown}: the Docker Engine does not have it then`,
      );
    }
    this.#loaded.set(identity, id);
    const milliseconds = Math.round(performance.now() - start);
    log.info("image loaded", { image: name, file: shown, milliseconds });
    return id;
  }

  async #digestOf(path: string): Promise<string> {
    const { state } = stampFile(path);
    if (this.#tar.path !== path || this.#tar.state !== state) {
      this.#tar = { path, state, digest: await readImageTar(path) };
    }
    return this.#tar.digest;
  }

  async #named(engine: EngineClient, name: string): Promise<string> {
    const there = await imageId(engine, name);
    if (there !== undefined) return there;
    if (this.#given === undefined || !hasNamespace(name)) throw noImage(name, this.#given !== undefined);
    log.info("image is being pulled", { image: name });
    await pullImage(engine, name);
    const pulled = await imageId(engine, name);
    if (pulled === undefined) throw noImage(name, true);
    log.info("image pulled", { image: name });
    return pulled;
  }
}

function noImage(name: string, isGiven: boolean): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot start the client container: the Docker Engine has no image ${name}` +
      (isGiven ? "" : `, and no ${TAR} lies beside this program`),
    "Build or load it, or name a tar or an image with --image; or start the client by yourself",
  );
}

/** The file in one of the usual places, else the name that the file's image has. */
async function usualSource(): Promise<ImageSource> {
  const folder = dirname(await Deno.realPath(Deno.execPath()));
  for (const path of [join(folder, TAR), join(folder, "..", "share", "docker-connector", TAR)]) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return { kind: "file", path };
  }
  return { kind: "name", name: `${CLIENT_REPOSITORY}:${version}` };
}
