import { NEW_LISTENER } from "../../seccomp/actions.ts";
import type { Kind, Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { childOps, cloneOf, isKind, type Law, NEW, type Violation } from "./law.ts";

/** Of the child's confinement: the order in which these stand, where they stand. */
const sequence = (plan: Plan): readonly Op[] => [...plan.confine, ...plan.become];

function inOrder(
  ops: readonly Op[],
  before: (op: Op) => boolean,
  after: (op: Op) => boolean,
  why: string,
): Violation[] {
  const first = ops.findIndex(after);
  if (first < 0) return [];
  return ops.slice(first + 1).flatMap((op) => (before(op) ? [{ op, why }] : []));
}

const one = (kind: Kind) => (op: Op) => op.kind === kind;

/** SECURITY.md, order law 2. */
export const coverOrderLaw: Law = {
  name: "read-only paths, then masked paths, then no_new_privs (order law 2)",
  check(plan) {
    const ops = childOps(plan);
    return [
      ...inOrder(ops, one("readonlyPath"), one("mask"), "a masked path comes before it"),
      ...inOrder(ops, one("mask"), one("noNewPrivileges"), "no_new_privs comes before it"),
    ];
  },
};

/** SECURITY.md, order law 5: each of these, where it stands, comes before the next. */
const PRIVILEGE: readonly (readonly [Kind, (op: Op) => boolean])[] = [
  ["boundingSet", one("boundingSet")],
  ["keepCapabilities", (op) => op.kind === "keepCapabilities" && op.on],
  ["groups", one("groups")],
  ["user", one("user")],
  ["keepCapabilities", (op) => op.kind === "keepCapabilities" && !op.on],
  ["capabilities", one("capabilities")],
  ["ambient", one("ambient")],
  ["parentDeath", one("parentDeath")],
];

export const privilegeLaw: Law = {
  name: "bounding set, keep, groups, user, clear keep, capabilities, ambient, parent-death (order law 5)",
  check(plan) {
    const ops = sequence(plan);
    return PRIVILEGE.flatMap(([, before], i) =>
      PRIVILEGE.slice(i + 1).flatMap(([name, after]) =>
        inOrder(ops, before, after, `${name} comes before it`),
      ),
    );
  },
};

/** R19 (CVE-2022-36109), and that nothing is left to chance. */
export const groupsLaw: Law = {
  name: "supplementary groups, user and capabilities are always set (R18, R19)",
  check(plan) {
    const kinds: Kind[] = ["boundingSet", "groups", "user", "capabilities", "ambient"];
    const there = new Set(plan.confine.map(({ kind }) => kind));
    return kinds.flatMap((kind): Violation[] =>
      there.has(kind) ? [] : [{ op: undefined, why: `act confine has no ${kind}` }],
    );
  },
};

/** SECURITY.md, order laws 4 and 7. */
export const filterOrderLaw: Law = {
  name: "seccomp while CAP_SYS_ADMIN is held, or with no_new_privs after the gate (order laws 4, 7)",
  check(plan) {
    const renounced = childOps(plan).some(isKind("noNewPrivileges"));
    const ops = sequence(plan);
    if (renounced) {
      return plan.confine
        .filter(isKind("seccomp"))
        .filter(({ flags }) => (flags & NEW_LISTENER) === 0)
        .map((op) => ({ op, why: "with no_new_privs it comes after the gate" }));
    }
    const dropping = (op: Op): boolean =>
      op.kind === "boundingSet" || op.kind === "user" || op.kind === "capabilities";
    return inOrder(ops, one("seccomp"), dropping, "the privilege to load it is gone");
  },
};

/**
 * The descriptor of a filter's notifications lives in the child until exec. While it waits at its gate its parent may be
 * gone: so it is fetched before.
 */
export const listenerLaw: Law = {
  name: "the listener of a filter is fetched by the parent before the gate",
  check(plan) {
    const ops = sequence(plan);
    const listening = (op: Op | undefined): boolean =>
      op?.kind === "seccomp" && (op.flags & NEW_LISTENER) !== 0;
    const sent = plan.map.findIndex(isKind("sendListener"));
    const awaited = new Set(
      plan.map.slice(0, Math.max(sent, 0)).flatMap((op) => (op.kind === "await" ? [op.point] : [])),
    );
    const filters = ops.flatMap((op, at): Violation[] => {
      if (!listening(op)) return [];
      const next = ops[at + 1];
      const told = next?.kind === "release" && awaited.has(next.point) && plan.confine.includes(next);
      return told ? [] : [{ op, why: "nobody fetches its listener" }];
    });
    const senders = plan.map.filter(isKind("sendListener"));
    const wanted = ops.filter(listening).length;
    return senders.length === wanted
      ? filters
      : [...filters, { op: senders[0], why: `${wanted} filters have a listener` }];
  },
};

/** sched_setattr(2), ioprio_set(2): CAP_SYS_NICE raises a priority; and none of their calls is in a filter's proof. */
export const schedulingLaw: Law = {
  name: "processors, disks and memory are given out before the filter and the change of user",
  check(plan) {
    const kinds: readonly Kind[] = ["scheduler", "ioPriority", "cpuAffinity", "memoryPolicy", "personality"];
    const early = (op: Op): boolean => kinds.includes(op.kind);
    const late = (op: Op): boolean => op.kind === "seccomp" || op.kind === "user";
    return inOrder(sequence(plan), early, late, "the right to is given up before it");
  },
};

/** Pid 1 of ours is a process of the container like any other: confined, and without our descriptors. */
export const reaperLaw: Law = {
  name: "pid 1 of ours is as confined as the program",
  check: (plan) =>
    inOrder(
      plan.become,
      (op) => op.kind === "seccomp" || op.kind === "closeRange",
      one("reaper"),
      "the reaper is not under it",
    ),
};

/** SECURITY.md, order law 3, and R13 (CVE-2024-21626). */
export const workingDirectoryLaw: Law = {
  name: "the working directory is checked after the last change of user (order law 3, R13)",
  check(plan) {
    const ops = sequence(plan);
    const user = ops.findLastIndex(isKind("user"));
    const last = ops.findLastIndex(isKind("workingDirectory"));
    const op = ops[last];
    if (op?.kind !== "workingDirectory") return [{ op: undefined, why: "there is none" }];
    if (op.optional) return [{ op, why: "the last one may not be optional" }];
    const tolerant = ops.slice(0, user).some((each) => each.kind === "workingDirectory" && each.optional);
    return tolerant && last < user ? [{ op, why: "it comes before the change of user" }] : [];
  },
};

/** SECURITY.md, order law 6; the program is looked for with the rights that it will be started with. */
export const programLaw: Law = {
  name: "the program is found as its user and before the gate (order law 6)",
  check(plan) {
    const ops = sequence(plan);
    const find = ops.findIndex(isKind("findProgram"));
    const [op] = plan.become.filter(isKind("exec"));
    if (find < 0) return [{ op, why: "there is no findProgram" }];
    return [
      ...inOrder(ops, one("user"), one("findProgram"), "the program was looked for before it"),
      ...inOrder(ops, one("findProgram"), one("gate"), "it comes after the gate"),
    ];
  },
};

/**
 * prlimit(2): without CAP_SYS_RESOURCE the parent may only change the limits of a process with its own user; and what is
 * written for the child must not race with what it does with it.
 */
export const parentLaw: Law = {
  name: "what the parent sets for the child is set before the child changes its user",
  check(plan) {
    const last = plan.map.findLastIndex((op) => op.kind === "rlimit" || op.kind === "writeProc");
    if (last < 0) return [];
    const points = new Set(plan.map.slice(last).flatMap((op) => (op.kind === "release" ? [op.point] : [])));
    const user = plan.confine.findIndex(isKind("user"));
    const early = [...plan.build, ...plan.confine.slice(0, user < 0 ? undefined : user)];
    const waits = early.some((op) => op.kind === "await" && points.has(op.point));
    return waits ? [] : [{ op: plan.map[last], why: "the child does not wait for it" }];
  },
};

/** R14 (CVE-2016-9962). */
export const joinLaw: Law = {
  name: "a process that joins namespaces is not dumpable before it joins (R14)",
  check: (plan) =>
    inOrder(
      plan.build,
      (op) => op.kind === "dumpable" && !op.on,
      one("joinNamespace"),
      "a namespace is joined before it",
    ).concat(
      plan.build.some(isKind("joinNamespace")) && !plan.build.some((op) => op.kind === "dumpable" && !op.on)
        ? [{ op: plan.build.find(isKind("joinNamespace")), why: "the process is dumpable" }]
        : [],
    ),
};

/** pid_namespaces(7), time_namespaces(7): both are entered by being born into them. */
export const birthLaw: Law = {
  name: "before the clone the executor enters only what a child is born into, and sets its clocks there",
  check: (plan) =>
    plan.clone.flatMap((op, at): Violation[] => {
      // What has mounts of its own is entered by the child itself: it would be born without its parent's.
      if (op.kind === "joinNamespace" && op.type === NEW.mount)
        return [{ op, why: "the child would not find what it is to do there" }];
      if (op.kind === "unshare" && op.flags !== NEW.time)
        return [{ op, why: "the executor would stay in it" }];
      if (op.kind !== "writeProc") return [];
      const own = plan.clone.slice(0, at).some(({ kind }) => kind === "unshare");
      return own && op.path === "self/timens_offsets"
        ? []
        : [{ op, why: "it is not a new time namespace's clock" }];
    }),
};

/** user_namespaces(7): who has joined one is nobody of it until it takes an id that is mapped. */
const joinedUsers = (plan: Plan): Violation[] => {
  const join = plan.clone.find((op) => op.kind === "joinNamespace" && op.type === NEW.user);
  const first = plan.build.findIndex(isKind("user"));
  const early = plan.build.slice(0, first < 0 ? undefined : first).find((op) => !HANDSHAKE.has(op.kind));
  if (join === undefined) return [];
  if (first < 0) return [{ op: join, why: "the child does not become a user of it" }];
  return early === undefined ? [] : [{ op: early, why: "the child is no user of its namespace yet" }];
};

/** What a child may do before it is a user of the namespace that it was born into. */
const HANDSHAKE: ReadonlySet<Kind> = new Set(["dumpable", "groups", "await", "joinCgroup"]);

/** KERNEL.md, "Privilege"; SECURITY.md, user-namespace handshake and order law 1. */
export const userNamespaceLaw: Law = {
  name: "limits and maps of a user namespace are written before the child goes on (order law 1)",
  check(plan) {
    if (((cloneOf(plan)?.flags ?? 0) & NEW.user) === 0) return joinedUsers(plan);
    const map = plan.map.findIndex(isKind("mapIds"));
    if (map < 0) return [{ op: cloneOf(plan), why: "nobody maps its users" }];
    const points = new Set(plan.map.slice(map).flatMap((op) => (op.kind === "release" ? [op.point] : [])));
    const wait = plan.build.findIndex((op) => op.kind === "await" && points.has(op.point));
    const early = plan.build
      .slice(0, wait < 0 ? undefined : wait)
      .filter((op) => op.kind === "user" || op.kind === "groups" || op.kind === "dumpable");
    return [
      ...inOrder(plan.map, one("rlimit"), one("mapIds"), "the user namespace is in effect already"),
      ...early.map((op) => ({ op, why: "the maps are not written yet" })),
      ...(wait < 0 ? [{ op: cloneOf(plan), why: "the child does not wait for its maps" }] : []),
    ];
  },
};
