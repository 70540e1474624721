/**
 * Images of an Engine: looked up, loaded from a file, pulled.
 *
 * @module
 */
import { fieldsOf } from "../../core/engine/fields.ts";
import { splitTag } from "../../core/engine/image_name.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "./engine_client.ts";
import { EngineRefusal, parseReply } from "./engine_containers.ts";

/** Milliseconds for taking an image in: some hundred megabytes onto a slow disk, or through a slow line. */
const LOAD_DEADLINE = 5 * 60_000;
const PULL_DEADLINE = 15 * 60_000;

/** Bytes that are read from the file at once. */
const PORTION = 1 << 18;

/** Characters of the Engine's words that are repeated. */
const LONGEST_WORDS = 200;

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
  if (reply.status !== 200) throw new EngineRefusal(`look for image ${name}`, reply);
  const { Id: id } = fieldsOf(parseReply(engine, reply));
  return typeof id === "string" && id !== "" ? id : undefined;
}

/**
 * Loads a tar as `docker save` writes it.
 *
 * @returns the name or the id of what was loaded
 * @throws {EngineRefusal} when the Engine does not take it; {OperationError} "unavailable", "io" for the file
 */
export async function loadImage(engine: EngineClient, path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const body = { type: "application/x-tar", length: size, portions: portionsOf(file, size) };
    const reply = await engine.send("POST", "/images/load?quiet=1", { body, deadline: LOAD_DEADLINE });
    if (reply.status !== 200) throw new EngineRefusal(`load image ${path}`, reply);
    const { text, fault } = readProgress(reply.text);
    const loaded = /Loaded image(?: ID)?: (\S+)/.exec(text)?.[1];
    if (fault === undefined && loaded !== undefined) return loaded;
    throw new EngineRefusal(`load image ${path}`, {
      ...reply,
      message: fault ?? "nothing that names the image",
    });
  } finally {
    file.close();
  }
}

/**
 * Pulls an image that anyone may pull.
 *
 * @param name with its namespace
 * @throws {EngineRefusal} when it does not come; {OperationError} "unavailable"
 */
export async function pullImage(engine: EngineClient, name: string): Promise<void> {
  const parts = splitTag(name);
  const target = `/images/create?fromImage=${encodeURIComponent(parts.name)}&tag=${
    encodeURIComponent(parts.tag)
  }`;
  const reply = await engine.send("POST", target, { deadline: PULL_DEADLINE });
  const { fault } = readProgress(reply.text);
  if (reply.status !== 200) throw new EngineRefusal(`pull image ${name}`, reply);
  if (fault !== undefined) throw new EngineRefusal(`pull image ${name}`, { ...reply, message: fault });
}

/** The words of an answer that is one JSON object a line, and the fault that it may end with in spite of its status. */
function readProgress(answer: string): { readonly text: string; readonly fault: string | undefined } {
  let text = "";
  for (const line of answer.split("\n")) {
    let fields: ReturnType<typeof fieldsOf> = {};
    try {
      fields = fieldsOf(JSON.parse(line));
    } catch {
      // An empty line, or one that is none of the Engine's.
    }
    const { stream, error } = fields;
    if (typeof error === "string") return { text, fault: error.slice(0, LONGEST_WORDS) };
    if (typeof stream === "string") text += stream;
  }
  return { text, fault: undefined };
}

async function* portionsOf(file: Deno.FsFile, size: number): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(PORTION);
  for (let left = size; left > 0;) {
    const length = await file.read(buffer.subarray(0, Math.min(left, PORTION)));
    if (length === null) throw new OperationError("io", "Cannot load the image: its file became shorter");
    left -= length;
    yield buffer.subarray(0, length);
  }
}

/**
 * Opens an image's file.
 *
 * @throws {OperationError} "io"
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "there is no such file" : "it cannot be opened";
    throw new OperationError("io", `Cannot load image ${path}: ${state}`, "Name a file of docker save", {
      cause: error,
    });
  }
}
