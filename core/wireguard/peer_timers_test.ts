import assert from "node:assert/strict";
import { SESSION_LIMITS, type SessionLimits } from "./limits.ts";
import { PeerTimers, type TimerAction } from "./peer_timers.ts";

/** One end on a stepped clock: what happened to it, and what its timers had done. */
class End {
  readonly timers: PeerTimers;
  readonly log: string[] = [];
  readonly #traffic = {
    dataSentAt: -Infinity,
    dataReceivedAt: -Infinity,
    sentAt: -Infinity,
    receivedAt: -Infinity,
    counter: 0,
  };
  /** The time that the clock has reached, in milliseconds. */
  #now = 0;
  /** Whether an initiation is answered at once. */
  answered = true;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.timers = new PeerTimers({ ...SESSION_LIMITS, ...limits });
  }

  /** Goes on to a time (seconds), doing all that is due until then. */
  until(seconds: number): string[] {
    const from = this.log.length;
    const end = seconds * 1000;
    for (let turns = 0; this.timers.nextDeadline <= end; turns++) {
      assert.ok(turns < 1000, "the timers make no progress");
      const now = this.#now = Math.max(this.#now, this.timers.nextDeadline);
      for (const action of this.timers.tick(now)) this.#do(action, now);
    }
    this.#now = end;
    return this.log.slice(from);
  }

  sendData(seconds: number, counter = this.#traffic.counter + 1): void {
    const now = seconds * 1000;
    this.until(seconds);
    Object.assign(this.#traffic, { dataSentAt: now, sentAt: now, counter });
    this.timers.observe(now, this.#traffic);
  }

  receiveData(seconds: number): void {
    const now = seconds * 1000;
    this.until(seconds);
    Object.assign(this.#traffic, { dataReceivedAt: now, receivedAt: now });
    this.timers.observe(now, this.#traffic);
  }

  receiveKeepalive(seconds: number): void {
    this.until(seconds);
    this.#traffic.receivedAt = seconds * 1000;
    this.timers.observe(seconds * 1000, this.#traffic);
  }

  #do(action: TimerAction, now: number): void {
    this.log.push(`${now / 1000} ${action.kind}`);
    if (action.kind === "keepalive") {
      this.#traffic.sentAt = now;
      this.timers.observe(now, this.#traffic);
    }
    if (action.kind !== "initiate") return;
    this.timers.initiationSent(now, 0);
    if (!this.answered) return;
    this.#traffic.counter = 0;
    this.timers.handshakeInitiatorComplete(now);
  }
}

/** An end with a session that it began at 0 s. */
function initiator(limits?: Partial<SessionLimits>): End {
  const end = new End(limits);
  end.timers.handshakeNeeded(0);
  assert.deepEqual(end.until(0), ["0 initiate"]);
  end.log.length = 0;
  return end;
}

/** An end with a session that it answered at 0 s. */
function responder(limits?: Partial<SessionLimits>): End {
  const end = new End(limits);
  end.timers.handshakeResponderDerived(0);
  assert.equal(end.timers.canSend(0, 0), false, "unconfirmed");
  end.timers.keyConfirmed();
  assert.ok(end.timers.canSend(0, 0));
  return end;
}

Deno.test("nothing is due where nothing happens", () => {
  assert.equal(new End().timers.nextDeadline, Infinity);
});

Deno.test("an unanswered initiation is repeated every 5 s for 90 s, then given up until data waits again", () => {
  const end = new End();
  end.answered = false;
  end.timers.handshakeNeeded(0);
  const times = Array.from({ length: 18 }, (_, index) => `${index * 5} initiate`);
  assert.deepEqual(end.until(629), [...times, "90 flush-staged-packets"]);
  assert.equal(end.timers.isConnecting, false);
  end.timers.handshakeNeeded(629_000);
  assert.deepEqual(end.until(629), ["629 initiate"]);
});

Deno.test("data that keeps waiting keeps the initiations going", () => {
  const end = new End();
  end.answered = false;
  for (let second = 0; second < 300; second++) {
    end.until(second);
    end.timers.handshakeNeeded(second * 1000);
  }
  assert.equal(end.log.filter((line) => line.endsWith(" initiate")).length, 60);
  assert.ok(!end.log.some((line) => line.endsWith("flush-staged-packets")));
});

Deno.test("jitter puts the repetition off", () => {
  const { timers } = new End();
  timers.handshakeNeeded(0);
  timers.initiationSent(0, 333);
  assert.equal(timers.nextDeadline, 5333);
});

Deno.test("the initiator renews a session that it sends on after 120 s, the responder never does", () => {
  for (const [end, expected] of [[initiator(), ["120 initiate"]], [responder(), []]] as const) {
    for (let second = 1; second <= 130; second++) {
      end.sendData(second);
      end.receiveKeepalive(second + 0.5);
    }
    assert.deepEqual(end.log, expected);
  }
});

Deno.test("the initiator renews a session that data only comes in on, with the first keepalive for it after 120 s", () => {
  const end = initiator();
  for (let second = 1; second < 170; second++) end.receiveData(second);
  assert.deepEqual(end.log.filter((line) => line.endsWith("initiate")), ["121 initiate"]);
});

Deno.test("either side renews after its count of messages", () => {
  for (const end of [initiator({ rekeyAfterMessages: 1000 }), responder({ rekeyAfterMessages: 1000 })]) {
    end.sendData(20, 999);
    end.receiveKeepalive(20.5);
    assert.deepEqual(end.until(21), []);
    end.sendData(22, 1000);
    assert.deepEqual(end.until(23), ["22 initiate"]);
  }
});

Deno.test("a session serves no more after its time or its count", () => {
  const { timers } = initiator({ rejectAfterMessages: 5000 });
  assert.ok(timers.canSend(179_999, 4999));
  assert.equal(timers.canSend(180_000, 0), false);
  assert.equal(timers.canSend(1000, 5000), false);
});

Deno.test("a session expires after 180 s, and all is forgotten after 540 s", () => {
  assert.deepEqual(initiator().until(2000), ["180 expire", "540 zero-key-material"]);
  assert.deepEqual(responder().until(2000), ["180 expire", "540 zero-key-material"]);
});

Deno.test("data received and nothing sent makes one keepalive after 10 s", () => {
  const end = responder();
  end.receiveData(1);
  end.receiveData(5);
  assert.deepEqual(end.until(100), ["11 keepalive"]);
});

Deno.test("a stream that only comes in makes a keepalive every 10 s", () => {
  const end = responder();
  for (let tenth = 10; tenth < 400; tenth++) end.receiveData(tenth / 10);
  const times = end.log.map((line) => Number(line.split(" ")[0]));
  assert.deepEqual(times.map(Math.round), [11, 21, 31]);
});

Deno.test("data both ways makes no keepalive and no handshake", () => {
  const end = responder();
  for (let second = 1; second < 100; second++) {
    end.receiveData(second);
    end.sendData(second + 0.5);
    end.receiveKeepalive(second + 0.6);
  }
  assert.deepEqual(end.log, []);
});

Deno.test("a keepalive received answers data but asks for none", () => {
  const end = responder();
  end.sendData(1);
  end.receiveKeepalive(11);
  assert.deepEqual(end.until(100), []);
});

Deno.test("silence of 15 s after data begins a handshake, at the responder too", () => {
  for (const end of [initiator(), responder()]) {
    end.sendData(20);
    end.sendData(25);
    assert.deepEqual(end.until(36), ["35 initiate"]);
  }
});

Deno.test("a ping's answer leaves nothing but the keepalive for it", () => {
  const end = initiator();
  end.sendData(20);
  end.receiveData(20.1);
  assert.deepEqual(end.until(60), ["30.1 keepalive"]);
});

Deno.test("a persistent keepalive goes when nothing else does, and renews the session before it ends", () => {
  const end = initiator({ persistentKeepalive: 25_000 });
  end.sendData(1);
  end.receiveKeepalive(1.5);
  assert.deepEqual(end.until(100), ["26.5 keepalive", "51.5 keepalive", "76.5 keepalive"]);
  assert.deepEqual(end.until(127), ["101.5 keepalive", "126.5 keepalive", "126.5 initiate"]);
});

Deno.test("a keepalive that comes in shortly before the end renews the session, once", () => {
  const end = initiator();
  end.answered = false;
  end.receiveKeepalive(164);
  assert.deepEqual(end.until(164), []);
  end.receiveKeepalive(166);
  assert.deepEqual(end.until(166), ["166 initiate"]);
});

Deno.test("sessions and attempts are older by what the machine has slept", () => {
  const end = initiator();
  end.until(60);
  end.timers.slept(119_000);
  assert.ok(end.timers.canSend(60_000, 0));
  assert.deepEqual(end.until(61), ["61 expire"]);
  end.timers.slept(3_600_000);
  assert.deepEqual(end.until(62), ["61 zero-key-material"]);
});

Deno.test("where there never was a session, all is forgotten 540 s after the first attempt was given up", () => {
  const end = new End();
  end.answered = false;
  end.timers.handshakeNeeded(0);
  end.until(620);
  assert.deepEqual(end.log.filter((line) => !line.endsWith("initiate")), ["90 flush-staged-packets"]);
  assert.deepEqual(end.until(640), ["630 zero-key-material"]);
});

Deno.test("one initiation never follows another within 5 s", () => {
  const end = initiator({ rekeyAfterMessages: 10 });
  for (let tenth = 1; tenth < 300; tenth++) {
    end.sendData(tenth / 10, tenth * 10);
    end.timers.handshakeNeeded(tenth * 100);
  }
  const times = end.log.filter((line) => line.endsWith("initiate")).map((line) => parseFloat(line));
  assert.ok(times.length >= 4);
  assert.ok(times.every((time, index) => time - (times[index - 1] ?? 0) >= 5));
});

Deno.test("both ends' sessions at once: each expires by its own birth", () => {
  const end = initiator();
  end.until(100);
  end.timers.handshakeResponderDerived(100_000);
  end.timers.keyConfirmed();
  const expired = end.until(300).filter((line) => line.endsWith("expire"));
  assert.deepEqual(expired, ["180 expire", "280 expire"]);
});

Deno.test("shortened limits renew in a second", () => {
  const end = initiator({ rekeyAfterTime: 1000, rekeyTimeout: 100 });
  end.sendData(0.5);
  end.sendData(1.1);
  assert.deepEqual(end.until(1.2), ["1.1 initiate"]);
});
