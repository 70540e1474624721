import { openLibc, pick, POSIX } from "../libc/libc.ts";
import { openWaker, WakeListener, type Waker } from "../libc/poll.ts";

/** poll.h */
const POLLIN = 1;

/** A signal to the other thread ends its wait (EINTR). What the error was is not known here, so it begins again a few times. */
const ATTEMPTS = 5;

let poll: ReturnType<typeof openPoll> | undefined;
// Opened once: each opening takes memory, which only a late garbage collection gives back.
const openPoll = () => openLibc(pick(POSIX, "pollLater")).symbols.pollLater;

/**
 * Waits for descriptors of the main thread: the wait is a poll(2) on another thread, so nothing runs until one is ready, and the
 * calling thread goes on.
 *
 * The kernel holds each file that is waited for, so one that is closed meanwhile is still there for its other end until
 * {@linkcode interrupt} is called.
 */
export class DescriptorWait implements Disposable {
  readonly #waker: Waker = openWaker();
  readonly #listener = new WakeListener(this.#waker.descriptor);
  /** Kept here for the other thread. */
  #entries = new Int32Array(0);
  #isWaiting = false;
  #isClosed = false;

  /**
   * Waits until a descriptor can be read, has ended or has failed, or until an interruption. One call has to end before the next.
   *
   * @param descriptors -1 where none is meant
   * @returns for each whether it is ready, none of them after an interruption; undefined when the kernel could not wait
   */
  async ready(descriptors: readonly number[]): Promise<readonly boolean[] | undefined> {
    // struct pollfd {fd i32, events i16, revents i16}
    this.#entries = Int32Array.from([this.#waker.descriptor, ...descriptors].flatMap((one) => [one, POLLIN]));
    const { length } = this.#entries;
    this.#isWaiting = true;
    let count = -1;
    for (let attempt = 0; count < 0 && attempt < ATTEMPTS && !this.#isClosed; attempt++) {
      count = await (poll ??= openPoll())(this.#entries, length / 2, -1);
    }
    this.#isWaiting = false;
    if (this.#isClosed) {
      this.#release();
      return descriptors.map(() => false);
    }
    if (count < 0) return undefined;
    if (this.#events(0) !== 0) this.#listener.drain();
    return descriptors.map((_, index) => this.#events(index + 1) !== 0);
  }

  /** Ends the wait that is under way, or the next one. */
  interrupt(): void {
    if (!this.#isClosed) this.#waker.signal();
  }

  /** Ends a wait that is under way, and closes what was opened for it. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.interrupt();
    this.#isClosed = true;
    // The other thread still uses the waker; the end of its wait releases it.
    if (!this.#isWaiting) this.#release();
  }

  #events(index: number): number {
    return this.#entries[2 * index + 1] >>> 16;
  }

  #release(): void {
    this.#listener[Symbol.dispose]();
    this.#waker.close();
  }
}
