import { InroError } from "../../oci/error.ts";

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
 * Finds `user[:group]` in the texts of the container's own /etc/passwd and /etc/group (empty when there are none). A name
 * is looked for first; what is no known name has to be a number. NO_SUCH_USER, NO_SUCH_GROUP.
 */
export function identify(o: {
  readonly user: string;
  readonly groupAdd: readonly string[];
  readonly passwd: string;
  readonly group: string;
}): Identity {
  const users = passwdLines(o.passwd);
  const groups = groupLines(o.group);
  const colon = o.user.indexOf(":");
  const userPart = colon < 0 ? o.user : o.user.slice(0, colon);
  const groupPart = colon < 0 ? "" : o.user.slice(colon + 1);
  const found = findUser(users, userPart);
  const gid = groupPart === "" ? found.gid : findGroup(groups, groupPart);
  const memberships = groupPart === "" ? groupsOf(groups, found.name) : [];
  const added = o.groupAdd.map((name) => findGroup(groups, name));
  const all = [...new Set([...memberships, ...added])].filter((id) => id !== gid);
  return { uid: found.uid, gid, groups: [gid, ...all], home: found.home };
}

function findUser(users: readonly PasswdLine[], text: string): PasswdLine {
  const wanted = text === "" ? "0" : text;
  const named = users.find((line) => line.name === wanted);
  if (named !== undefined) return named;
  const uid = parseId(wanted);
  if (uid === undefined)
    throw new InroError("NO_SUCH_USER", {
      what: `cannot run as user "${text}"`,
      why: "the image's /etc/passwd has no such user",
      hint: "use a number, or add the user to the image",
      at: "--user",
    });
  return users.find((line) => line.uid === uid) ?? { name: "", uid, gid: 0, home: "/" };
}

function findGroup(groups: readonly GroupLine[], text: string): number {
  const named = groups.find((line) => line.name === text);
  const gid = named?.gid ?? parseId(text);
  if (gid !== undefined) return gid;
  throw new InroError("NO_SUCH_GROUP", {
    what: `cannot run with group "${text}"`,
    why: "the image's /etc/group has no such group",
    hint: "use a number, or add the group to the image",
    at: "--user",
  });
}

function groupsOf(groups: readonly GroupLine[], user: string): number[] {
  return user === "" ? [] : groups.filter((line) => line.members.includes(user)).map((line) => line.gid);
}

/** Decimal, 0 to 2³²−2, no trailing text (R20): 2³²−1 is the kernel's "no change". */
export function parseId(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined;
  const id = Number(text);
  return id <= 0xffff_fffe ? id : undefined;
}

function passwdLines(text: string): PasswdLine[] {
  return lines(text).flatMap(([name = "", , uidText = "", gidText = "", , home = ""]) => {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return uid === undefined || gid === undefined ? [] : [{ name, uid, gid, home: home === "" ? "/" : home }];
  });
}

function groupLines(text: string): GroupLine[] {
  return lines(text).flatMap(([name = "", , gidText = "", members = ""]) => {
    const gid = parseId(gidText);
    return gid === undefined
      ? []
      : [{ name, gid, members: members.split(",").map((member) => member.trim()) }];
  });
}

/** passwd(5), group(5): fields parted by colons; a comment and an empty line say nothing. */
function lines(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
