import { InroError } from "../../oci/error.ts";
import { type Principal, parsePrincipal, parseUser } from "../../oci/user.ts";

/** Who a program runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, always said explicitly (R19). */
  readonly groups: readonly number[];
  readonly home: string;
}

interface PasswdLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Finds `user[:group]` in the texts of the container's own /etc/passwd and /etc/group (empty when there are none).
 * USER_INVALID, NO_SUCH_USER, NO_SUCH_GROUP.
 */
export function identify(o: {
  readonly user: string;
  readonly groupAdd: readonly string[];
  readonly passwd: string;
  readonly group: string;
}): Identity {
  const users = passwdLines(o.passwd);
  const groups = groupLines(o.group);
  const { user, group } = parseUser(o.user);
  const found = findUser(users, user ?? { id: 0 });
  const gid = group === undefined ? found.gid : findGroup(groups, group);
  const memberships = group === undefined ? groupsOf(groups, found.name) : [];
  const added = o.groupAdd.map((name) => findGroup(groups, parsePrincipal(name)));
  const all = [...new Set([...memberships, ...added])].filter((id) => id !== gid);
  return { uid: found.uid, gid, groups: [gid, ...all], home: found.home };
}

function findUser(users: readonly PasswdLine[], wanted: Principal): PasswdLine {
  if ("id" in wanted)
    return users.find((line) => line.uid === wanted.id) ?? { name: "", uid: wanted.id, gid: 0, home: "/" };
  const named = users.find((line) => line.name === wanted.name);
  if (named !== undefined) return named;
  throw new InroError("NO_SUCH_USER", {
    what: `cannot run as user "${wanted.name}"`,
    why: "unable to find user: the image's /etc/passwd has no such name",
    hint: "use a number, or add the user to the image",
    at: "--user",
  });
}

function findGroup(groups: readonly GroupLine[], wanted: Principal): number {
  if ("id" in wanted) return wanted.id;
  const named = groups.find((line) => line.name === wanted.name);
  if (named !== undefined) return named.gid;
  throw new InroError("NO_SUCH_GROUP", {
    what: `cannot run with group "${wanted.name}"`,
    why: "unable to find group: the image's /etc/group has no such name",
    hint: "use a number, or add the group to the image",
    at: "--user",
  });
}

function groupsOf(groups: readonly GroupLine[], user: string): number[] {
  return user === "" ? [] : groups.filter((line) => line.members.includes(user)).map((line) => line.gid);
}

/** A line whose id is no id names nobody (R20). */
function idOf(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffff_fffe ? Number(text) : undefined;
}

function passwdLines(text: string): PasswdLine[] {
  return lines(text).flatMap(([name = "", , uidText = "", gidText = "", , home = ""]) => {
    const uid = idOf(uidText);
    const gid = idOf(gidText);
    return uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home: home === "" ? "/" : home }];
  });
}

function groupLines(text: string): GroupLine[] {
  return lines(text).flatMap(([name = "", , gidText = "", members = ""]) => {
    const gid = idOf(gidText);
    return gid === undefined
      ? []
      : [{ name, gid, members: members.split(",").map((member) => member.trim()) }];
  });
}

/** What an id is called in the text of a passwd or group file: the first line that has it. */
export function accountNames(text: string): ReadonlyMap<number, string> {
  const named = lines(text).map(([name = "", , id = ""]) => [idOf(id), name] as const);
  return new Map(named.reverse().flatMap(([id, name]) => (id === undefined ? [] : [[id, name]])));
}

/** passwd(5), group(5): fields parted by colons; a comment and an empty line say nothing. */
function lines(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
