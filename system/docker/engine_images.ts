/**
 * Images of an Engine: looked up, loaded from a file, pulled.
 *
 * @module
 */
import { parse, parseJson } from "../../core/docker/schema.ts";
import { splitTag } from "../../core/docker/image_name.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient, EngineReply } from "./engine_client.ts";
import { DockerApiError, parseReply, WITH_ID } from "./engine_containers.ts";
import { openImage } from "./image_file.ts";
import { PROGRESS, type ProgressLine, PullSteps } from "./pull_steps.ts";

/** Milliseconds for taking an image in: some hundred megabytes onto a slow disk, or through a slow line. */
const LOAD_TIMEOUT_MS = 5 * 60_000;
const PULL_TIMEOUT_MS = 15 * 60_000;

/** Bytes that are read from the file at once. */
const CHUNK_SIZE = 1 << 18;

/** Characters of the Engine's words that are repeated. */
const MAX_WORDS = 200;

/** Names of loaded images that are looked at. */
const MAX_NAMES = 16;

/** Told how far taking an image in has come; both numbers are bytes, and `total` may grow. */
export type ImageProgress = (step: "download" | "unpack" | "upload", done: number, total: number) => void;

/**
 * The id of an image; undefined if the Engine has none of that name or id.
 *
 * @throws {OperationError} "unavailable"
 */
export async function imageId(engine: EngineClient, name: string): Promise<string | undefined> {
  // A name's slashes stay: they are part of the path for the Engine too.
  const target = `/images/${name.split("/").map(encodeURIComponent).join("/")}/json`;
  const reply = await engine.send("GET", target);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw new DockerApiError(`inspect image ${name}`, reply);
  return parse(WITH_ID, parseReply(engine, reply))?.Id;
}

/**
 * Loads a tar as `docker save` writes it.
 *
 * @returns the name or the id of what was loaded; of the image's names the first
 * @throws {DockerApiError} when the Engine does not take it; {OperationError} "unavailable", "io" for the file
 */
export async function loadImage(
  engine: EngineClient,
  path: string,
  onProgress: ImageProgress,
): Promise<string> {
  using file = await openImage(path);
  const { size } = await file.stat();
  const chunks = portionsOf(file, size, (done) => onProgress("upload", done, size));
  const body = { type: "application/x-tar", length: size, chunks };
  let words = "";
  const reply = await readReport(
    engine,
    "/images/load?quiet=1",
    { body, timeoutMs: LOAD_TIMEOUT_MS },
    (fields) => {
      if (words.length < 1 << 16) words += fields.stream ?? "";
    },
  );
  if (reply.fault !== undefined) throw new DockerApiError(`load image ${path}`, reply);
  const names = [...words.matchAll(/Loaded image(?: ID)?: (\S+)/g)].slice(0, MAX_NAMES).map(([, name]) =>
    name ?? ""
  );
  const [first] = names;
  if (first === undefined) {
    throw new DockerApiError(`load image ${path}`, { ...reply, message: "nothing that names the image" });
  }
  if (names.length === 1) return first;
  // Several names of one image, as a rule.
  const ids = new Set<string | undefined>();
  for (const name of names) ids.add(await imageId(engine, name));
  if (ids.size === 1) return first;
  throw new OperationError(
    "failure",
    `Cannot use image ${path}: the file holds several images (${names.join(", ").slice(0, MAX_WORDS)})`,
    "Name the one to use with --image",
  );
}

/**
 * Pulls an image that anyone may pull.
 *
 * @param name with its namespace
 * @throws {OperationError} "unavailable" when it does not come, with what to do about it
 */
export async function pullImage(
  engine: EngineClient,
  name: string,
  onProgress: ImageProgress,
): Promise<void> {
  const parts = splitTag(name);
  const target = `/images/create?fromImage=${encodeURIComponent(parts.name)}&tag=${
    encodeURIComponent(parts.tag)
  }`;
  const steps = new PullSteps();
  const reply = await readReport(engine, target, { timeoutMs: PULL_TIMEOUT_MS }, (fields) => {
    const at = steps.add(fields);
    if (at !== undefined) onProgress(at.step, at.done, at.total);
  });
  if (reply.fault !== undefined) throw pullFault(name, reply);
}

/** Why an image was not pulled; the registry's words come through the Engine's. */
function pullFault(name: string, reply: EngineReply): OperationError {
  const { message } = reply;
  const fault = (state: string, remedy: string) =>
    new OperationError(
      "unavailable",
      `Cannot pull image ${name}: ${state} (the Docker Engine answers: ${message})`,
      remedy,
    );
  const otherwise = "load the image from a tar and name that with --image";
  if (/denied|unauthorized|authentication|forbidden/i.test(message)) {
    return fault("the registry has no such image, or not for everybody", `Check the name, or ${otherwise}`);
  }
  if (reply.status === 404 || /not found|unknown/i.test(message)) {
    return fault("the registry has no such image", `Check the name, or ${otherwise}`);
  }
  if (/no such host|dial |timeout|timeoutMs|unreachable|refused|network|EOF/i.test(message)) {
    return fault("the registry cannot be reached", `Check the network of Docker's machine, or ${otherwise}`);
  }
  return new DockerApiError(
    `pull image ${name}`,
    reply,
    `See what docker pull ${name} says, or ${otherwise}`,
  );
}

/** An answer that is one JSON object a line, and the fault that it may end with in spite of its status. */
async function readReport(
  engine: EngineClient,
  target: string,
  options: Parameters<EngineClient["report"]>[1],
  onProgress: (progress: ProgressLine) => void,
): Promise<EngineReply & { readonly fault: string | undefined }> {
  let fault: string | undefined;
  const reply = await engine.report(target, options, (line) => {
    const progress = parseJson(PROGRESS, line);
    if (progress === undefined) return;
    if (progress.error !== undefined) fault ??= progress.error.slice(0, MAX_WORDS);
    onProgress(progress);
  });
  if (reply.status !== 200) return { ...reply, fault: reply.message };
  return { ...reply, message: fault ?? "", fault };
}

async function* portionsOf(
  file: Deno.FsFile,
  size: number,
  onDone: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(CHUNK_SIZE);
  for (let left = size; left > 0;) {
    const length = await file.read(buffer.subarray(0, Math.min(left, CHUNK_SIZE)));
    if (length === null) throw new OperationError("io", "Cannot load the image: its file became shorter");
    yield buffer.subarray(0, length);
    left -= length;
    onDone(size - left);
  }
}
