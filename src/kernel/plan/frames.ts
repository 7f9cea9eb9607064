/**
 * The frames on descriptor 3 of the native process and on the monitor's socket:
 *
 *   u32 length of what follows · u16 type · u16 zero · u32 request · payload
 *
 * Who asks chooses the request number, the answer repeats it. ERROR may answer any request. The executor answers
 * BATCH with RESULT, PLAN with PLAN_RESULT (the child stands at its gate, or everything is undone), START with STARTED
 * (the program runs, or why not). A plan with a `monitor` operation then goes on with the monitor's frames, on the same
 * descriptor and on `monitor.sock`, where each connection begins with the monitor's HELLO. Without one, START is
 * followed by EXITED at the child's end; DETACH is answered by DONE and leaves the child to its FIFO gate. A child whose
 * executor ended otherwise ends too. After DETACH, STARTANDLEAVE, ATTEND and ABANDON it can be asked for more.
 *
 * A front speaks first: COMMAND. Whoever serves it answers BEGUN, or hangs up and has done nothing; writes through OUTPUT,
 * makes an executor of it by BECOME where the command needs one, and ends it with EXIT.
 *
 * ATTACH and EXEC turn their connection into a stream after their answer (ATTACHED, or STARTED): what the program
 * writes in Docker's stream format (8 byte header; raw for a terminal), what the client writes as raw standard input.
 */
import { bytes, type Field, flag, i32, type Shape, text, texts, u32, u64 } from "./field.ts";

const frame = <const F extends Readonly<Record<string, Field>>>(type: number, fields: F) => ({
  type,
  fields,
});

export const frames = {
  // ── the executor's ──
  /** `stop`: nothing after the first failure is executed (and has no record). */
  batch: frame(1, { stop: flag, ops: { type: "ops" } }),
  result: frame(2, { records: { type: "records" } }),
  plan: frame(3, { acts: { type: "acts" } }),
  /** `failed`: the number of the first operation that failed, over all acts in order, or 0xffffffff. */
  planResult: frame(4, { pid: u32, failed: u32, records: { type: "records" } }),
  start: frame(5, {}),
  started: frame(6, { pid: u32, failed: u32, records: { type: "records" } }),
  detach: frame(7, {}),
  /** `status` as waitpid(2) gives it. */
  exited: frame(8, {
    pid: u32,
    code: u32,
    signal: u32,
    oomKilled: flag,
    startedAt: u64,
    finishedAt: u64,
    lostBytes: u64,
  }),
  error: frame(9, { errno: i32, text }),
  /** Like START; when the program runs, the executor leaves it to whoever reaps orphans. */
  startAndLeave: frame(10, {}),
  /** Like START, for a caller in the foreground: its signals are passed on, and a terminal is shown on its own. */
  attend: frame(21, { terminal: flag }),

  // ── the front's: native/front.c and who serves it ──
  /** The first frame of a connection: who asks, and for what. */
  command: frame(12, { standing: text, pid: u32, cwd: text, args: texts, env: texts }),
  /** The first answer: from here on the command has begun. */
  begun: frame(13, {}),
  /** For the caller's standard output (1) or error (2). */
  output: frame(14, { stream: u32, data: bytes }),
  /** The last frame: what the front ends with. */
  exit: frame(15, { code: u32 }),
  /** The front becomes an executor, by a program that nobody can write to, with so many of the caller's descriptors. */
  become: frame(16, { program: text, passed: u32 }),
  /** All that can be read from one of the caller's descriptors, answered by CONTENT. */
  take: frame(17, { descriptor: u32 }),
  content: frame(18, { data: bytes }),
  /** Takes back what stands at its gate; answered by DONE. */
  abandon: frame(19, {}),
  /** Sends the master of the terminal that the plan opened to a socket; answered by DONE. */
  sendTerminal: frame(20, { path: text }),

  // ── the monitor's ──
  hello: frame(32, { version: u32, pid: u32, session: text }),
  /** Asks for the state of a session: the container's own is "", an exec session's its id. */
  state: frame(33, { session: text }),
  /** 0 unknown · 1 created · 2 running · 3 ended, draining · 4 recorded */
  stateIs: frame(34, { state: u32, pid: u32, startedAt: u64, terminal: flag }),
  exec: frame(35, {
    session: text,
    stdin: flag,
    stdout: flag,
    stderr: flag,
    acts: { type: "acts" },
  }),
  attach: frame(36, { session: text, stdin: flag, stdout: flag, stderr: flag, logs: flag }),
  attached: frame(37, { terminal: flag }),
  signal: frame(38, { session: text, signal: u32 }),
  resize: frame(39, { session: text, rows: u32, columns: u32 }),
  /** Answered by EXITED when the session is over and recorded. */
  wait: frame(40, { session: text }),
  reopenLog: frame(41, {}),
  /** Removes what the log holds, older files too; who reads it still gets to the end of what was there. */
  clearLog: frame(48, {}),
  closeStdin: frame(42, { session: text }),
  /**
   * From here on this connection is told what the container asks at its name sockets (QUERY), and answers it by REPLY,
   * which nothing answers; who was told before is hung up on. While nobody is told, what comes waits in the sockets.
   */
  names: frame(44, {}),
  /** Answered by DONE when something waits in the name sockets while nobody is told; of several who ask the last is answered. */
  awaitNames: frame(47, {}),
  /** A whole DNS message. `peer`: who asked, in the monitor's own words; `stream`: by TCP. */
  query: frame(45, { peer: u64, stream: flag, data: bytes }),
  /** Another one, for `peer`; where nobody is there any more it goes nowhere. */
  reply: frame(46, { peer: u64, data: bytes }),
  /** Answered by KILLS as soon as there were more out-of-memory kills than are `known`; of several who ask the last is answered. */
  awaitKills: frame(49, { known: u32 }),
  /** How many there were in the container's memory cgroup, by the kernel's count. */
  kills: frame(50, { count: u32 }),
  /** The answer to requests that answer nothing else. */
  done: frame(43, {}),
} as const;

export type Frames = typeof frames;
export type FrameName = keyof Frames;
export type FrameOf<N extends FrameName> = Shape<Frames[N]["fields"]>;

/** Header bytes before the payload, the length's own four included. */
export const FRAME_HEADER = 12;
/** No frame is longer; both sides refuse one. */
export const FRAME_LIMIT = 16 * 1024 * 1024;
/**
 * The version in HELLO: old monitors meet newer daemons. It goes up when operations or their records change, which EXEC,
 * START and STARTED carry. HELLO, ERROR, EXITED and the monitor's other frames are the same in every version.
 */
export const MONITOR_VERSION = 2;
