/**
 * A saved image without what differs from one build to the next: the times of the builder's steps, and the names of its
 * containers. So the same files give the same image, by its id too.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Entry, writeTar } from "../release/tar_archive.ts";
import { hashFile } from "../runtime_file.ts";

/** What an image is run with (OCI image configuration, and Docker's Healthcheck); a builder writes more. */
const RUN_FIELDS = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Healthcheck",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
];

/** One step of a build. */
interface Step {
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** An image's configuration as builders write it. */
export interface ImageConfig {
  readonly architecture: string;
  readonly variant?: string;
  readonly os: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly rootfs: unknown;
  readonly history?: readonly Step[];
}

/** Whether a value says something: builders write empty texts, lists and nulls for what is not set. */
function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "" &&
    !(Array.isArray(value) && value.length === 0);
}

/**
 * The configuration with one time.
 *
 * @param created as in `2026-01-02T03:04:05Z`
 */
export function fixConfig(
  { architecture, variant, os, config = {}, rootfs, history = [] }: ImageConfig,
  created: string,
): ImageConfig {
  const run = RUN_FIELDS.filter((name) => isSet(config[name])).map((name) => [name, config[name]]);
  return {
    created,
    architecture,
    ...variant === undefined ? {} : { variant },
    os,
    config: Object.fromEntries(run),
    rootfs,
    history: history.map(({ created_by, comment, empty_layer }) => ({
      created,
      ...created_by === undefined ? {} : { created_by },
      ...isSet(comment) ? { comment } : {},
      ...empty_layer === true ? { empty_layer } : {},
    })),
  } as ImageConfig;
}

/** The first entry of the `manifest.json` that `docker save` writes. */
interface Saved {
  readonly Config: string;
  readonly Layers: readonly string[];
}

/** A text of the archive. */
interface Blob {
  readonly text: string;
  readonly digest: string;
  readonly size: number;
}

function blob(value: unknown): Blob {
  const text = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  return { text, digest, size: new TextEncoder().encode(text).length };
}

const blobPath = (digest: string) => `blobs/${digest.replace(":", "/")}`;

/** The path of a layer that is not compressed; containerd's store saves it compressed, Docker's own does not. */
async function plainLayer(path: string): Promise<string> {
  using file = await Deno.open(path);
  const start = new Uint8Array(2);
  await file.read(start);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return path; // the magic number of gzip: RFC 1952, section 2.3.1
  const plain = await Deno.open(`${path}.tar`, { write: true, create: true, truncate: true });
  await (await Deno.open(path)).readable.pipeThrough(new DecompressionStream("gzip")).pipeTo(plain.writable);
  return `${path}.tar`;
}

/**
 * Writes a saved image with one time and plain layers, as an archive that both `docker load` and an OCI layout's readers take.
 *
 * @param saved what `docker save` wrote, unpacked; its layers are read from there
 * @param tags the image's names
 * @param created the time of all its steps
 * @param path the archive to write
 * @returns the image's id: the digest of its configuration
 */
export async function writeFixedImage(
  saved: string,
  tags: readonly string[],
  created: Date,
  path: string,
): Promise<string> {
  const [image] = JSON.parse(await Deno.readTextFile(join(saved, "manifest.json"))) as [Saved];
  const before = JSON.parse(await Deno.readTextFile(join(saved, image.Config))) as ImageConfig;
  const config = blob(fixConfig(before, created.toISOString().replace(".000Z", "Z")));
  const layers = await Promise.all(image.Layers.map(async (name) => {
    const file = await plainLayer(join(saved, name));
    const { size } = await Deno.stat(file);
    return {
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: `sha256:${await hashFile(file)}`,
      size,
      file,
    };
  }));
  const manifest = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: config.digest,
      size: config.size,
    },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  const index = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: tags.map((tag) => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: manifest.digest,
      size: manifest.size,
      annotations: {
        "io.containerd.image.name": `docker.io/library/${tag}`,
        "org.opencontainers.image.ref.name": tag.split(":")[1],
      },
    })),
  });
  const list = blob([{
    Config: blobPath(config.digest),
    RepoTags: tags,
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }]);
  const texts: [string, Blob][] = [
    [blobPath(config.digest), config],
    [blobPath(manifest.digest), manifest],
    ["index.json", index],
    ["manifest.json", list],
    ["oci-layout", blob({ imageLayoutVersion: "1.0.0" })],
  ];
  const entries: Entry[] = layers.map(({ digest, file }) => ({
    name: blobPath(digest),
    path: file,
    mode: 0o644,
  }));
  for (const [index, [name, { text }]] of texts.entries()) {
    const file = join(saved, `fixed-${index}`);
    await Deno.writeTextFile(file, text);
    entries.push({ name, path: file, mode: 0o644 });
  }
  await writeTar(path, entries);
  return config.digest;
}
