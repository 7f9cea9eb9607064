import { InroError } from "../oci/error.ts";

const MOODS = (
  "amber brave brisk calm candid careful cheerful clever cosy curious daring deft eager earnest fair fond " +
  "frank gentle glad golden graceful happy hardy honest humble jolly keen kind lively loyal lucid lucky " +
  "mellow merry mild modest neat nimble noble patient placid plucky polite proud quick quiet ready serene " +
  "sharp shy silent snug sober spry steady stout sturdy sunny swift tender tidy trusty vivid warm wise witty"
).split(" ");

/** Makers of boxes, cases and small things that hold others. */
const THINGS = (
  "barrel basket bento bin bobbin bottle bowl box bucket cabinet caddy canister carton case casket chest " +
  "coffer crate creel cup drawer drum envelope flask folder goblet hamper hatbox inro jar jug keg kettle " +
  "kist ladle locker mug netsuke nest packet pail pannier parcel phial pocket pot pouch purse quiver rack " +
  "sachet sack satchel shelf shell skep sleeve spool tankard teapot tin tray trunk tub urn vase vial wallet"
).split(" ");

/** A name people can say, `calm_teapot`; with a number when the short ones are taken. */
export function randomName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const base = `${pick(MOODS)}_${pick(THINGS)}`;
    const name = attempt < 5 ? base : `${base}${Math.floor(Math.random() * 10 ** Math.min(attempt - 3, 9))}`;
    if (!taken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "inro";
}

/** Docker's rule for names. INVALID_OPTION. */
export function checkName(name: string): string {
  const bare = name.replace(/^\//, "");
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(bare)) return bare;
  throw new InroError("INVALID_OPTION", {
    what: `cannot name a container "${name}"`,
    why: "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at least two characters",
    at: "--name",
  });
}

export function nameInUse(name: string, holder: string | undefined): InroError {
  return new InroError("NAME_IN_USE", {
    what: `cannot name a container "${name}"`,
    why:
      holder === undefined
        ? "another one of that name is being made"
        : `Conflict. The container name "/${name}" is already in use by container "${holder}"`,
    hint: "choose another name, or remove or rename that container",
    at: "--name",
  });
}
