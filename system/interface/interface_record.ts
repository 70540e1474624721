/**
 * Which interface a run of the server has: on macOS the kernel chooses the name, and a run that was killed cannot be asked.
 * The record lies beside the control socket (`/var/run/docker-connector.interface`), as one line of JSON.
 *
 * @module
 */
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";

/** An interface and the pair of addresses by which it is recognised. */
export interface RecordedInterface {
  readonly name: string;
  readonly address: IpAddress;
  readonly peer: IpAddress;
}

/** Names that the server's interfaces have. */
const NAME = /^(?:utun(?:0|[1-9]\d{0,4})|connector0)$/;

/** The record of the run that serves or served a control socket. */
export function recordFile(control: string): string {
  return `${control.replace(/\.sock$/, "")}.interface`;
}

/**
 * Writes the record; disposal removes it. Where it cannot be written the run goes on without: what keeps it from being
 * written keeps the control socket from being made too, and that is told.
 */
export async function recordInterface(
  control: string,
  { name, address, peer }: RecordedInterface,
): Promise<AsyncDisposable> {
  const file = recordFile(control);
  const text = JSON.stringify({
    interface: name,
    address: formatAddress(address),
    peer: formatAddress(peer),
  });
  try {
    // A link that somebody put there is replaced, not followed.
    await removeRecord(control);
    await Deno.writeTextFile(file, `${text}\n`, { mode: 0o600, createNew: true });
  } catch {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  return { [Symbol.asyncDispose]: () => removeRecord(control) };
}

/**
 * Reads the record that a run has left; undefined where there is none, or none that this user wrote: in a folder that all
 * may write to, somebody else could have.
 */
export async function recordedInterface(control: string): Promise<RecordedInterface | undefined> {
  const file = recordFile(control);
  try {
    const { isFile, uid, size } = await Deno.lstat(file);
    if (!isFile || uid !== Deno.uid() || size > 1024) return undefined;
    const { interface: name, address, peer } = JSON.parse(await Deno.readTextFile(file));
    const [own, other] = [address, peer].map((text) =>
      typeof text === "string" ? parseAddress(text) : undefined
    );
    if (typeof name !== "string" || !NAME.test(name) || own === undefined || other === undefined) {
      return undefined;
    }
    return { name, address: own, peer: other };
  } catch {
    return undefined;
  }
}

/** Removes the record, if there is one. */
export async function removeRecord(control: string): Promise<void> {
  await Deno.remove(recordFile(control)).catch(() => {});
}
