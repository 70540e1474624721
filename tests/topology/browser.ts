/**
 * Headless Chromium in a network namespace, by the DevTools protocol over two pipes.
 *
 * @module
 */
import type { Needs } from "./gate.ts";
import type { Namespace } from "./namespace.ts";
import { waitUntil, withDeadline } from "./wait.ts";

/** What tests with a browser need besides. */
export const BROWSER_NEEDS: Needs = { programs: ["chromium"], packages: ["chromium"] };

/** Nothing is fetched but what a test opens, and nothing is kept. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

/** With the flag for pipes Chromium reads commands from descriptor 3 and writes answers to descriptor 4. */
const SHELL = 'exec chromium "$@" 3<&0 4>&1 1>&2';

/** Milliseconds in which a command has to be answered. */
const DEADLINE = 20_000;

/** How a page is looked at. */
export interface View {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
  /** Device pixels for one CSS pixel. @default 1 */
  readonly scale?: number;
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A running browser. Disposal ends it. */
export class Browser implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  #id = 0;

  /** @param folder gets the browser's data */
  constructor(namespace: Namespace, folder: string) {
    const data = `${folder}/chromium-${crypto.randomUUID().slice(0, 4)}`;
    const argv = namespace.argv(["sh", "-c", SHELL, "chromium", ...FLAGS, `--user-data-dir=${data}`]);
    this.#child = new Deno.Command(argv[0] ?? "", {
      args: argv.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      env: { HOME: data },
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Opens a page. */
  async open(url: string, view: View): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" }) as {
      targetId: string;
    };
    const attached = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, (attached as { sessionId: string }).sessionId);
    await page.look(view);
    await page.send("Page.navigate", { url });
    return page;
  }

  /** Sends a command of the protocol and waits for its answer. */
  async send(method: string, params: object, sessionId?: string): Promise<unknown> {
    const id = ++this.#id;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    const message = JSON.stringify({ id, method, params, sessionId });
    await this.#writer.write(new TextEncoder().encode(`${message}\0`));
    return await withDeadline(`the browser's answer to ${method}`, answer.promise, DEADLINE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#reading;
    await this.#child.status;
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const messages = (text + piece).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) this.#take(JSON.parse(message));
    }
    for (const { reject } of this.#waiting.values()) reject(new Error("Chromium has ended"));
  }

  #take({ id, result, error }: Answer): void {
    if (id === undefined) return;
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  }
}

/** An open page. */
export class Page {
  constructor(readonly browser: Browser, readonly sessionId: string) {}

  send(method: string, params: object = {}): Promise<unknown> {
    return this.browser.send(method, params, this.sessionId);
  }

  /** Sets the size and the colours. */
  async look({ width, height, isDark = false, scale = 1 }: View): Promise<void> {
    const mobile = width < 600;
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: scale,
      mobile,
    });
    const features = [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }];
    await this.send("Emulation.setEmulatedMedia", { features });
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", params) as {
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
    };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`The page threw ${exceptionDetails.exception?.description}`);
  }

  /** Waits until an expression is true; the milliseconds it took. */
  async waitFor(what: string, expression: string, deadline = 10_000): Promise<number> {
    const start = performance.now();
    await waitUntil(what, () => this.evaluate<boolean>(`Boolean(${expression})`), deadline);
    return Math.round(performance.now() - start);
  }

  /** The whole page as a PNG, or what the window shows of it. */
  async screenshot(isWhole = true): Promise<Uint8Array> {
    const params = { format: "png", captureBeyondViewport: isWhole };
    const { data } = await this.send("Page.captureScreenshot", params) as { data: string };
    return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  }
}
