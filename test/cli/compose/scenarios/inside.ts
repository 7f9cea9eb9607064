import type { Group } from "./group.ts";

const yaml = `
name: inside
services:
  talks:
    image: busybox
    command: sh -c 'echo one; echo two >&2; sleep 600'
    stop_signal: KILL
    environment: { GREETING: hello }
  quiet:
    image: busybox
    command: sh -c 'echo between; sleep 600'
    stop_signal: KILL
    scale: 2
  tool:
    image: busybox
    profiles: [tools]
    entrypoint: [echo, tool]
    command: [says]
    environment: { GREETING: bye }
    depends_on: [talks]
`;

/** exec, run, cp, logs, events, wait, attach. */
export const inside: Group = {
  title: "inside an application",
  files: { "compose.yaml": yaml, "note.txt": "noted\n" },
  scenarios: [
    { run: "up -d", err: /inside-quiet-2 {2}Started/ },
    { run: "exec talks sh -c 'echo $GREETING; exit 4'", expect: "hello", code: 4 },
    { run: "exec -T talks cat", stdin: "piped", expect: "piped" },
    {
      run: "exec -e A=b -w /tmp -u 7:8 talks sh -c 'echo $A; cat /dev/null; id -u; readlink /proc/self/cwd'",
      expect: "b\n7\n/tmp",
    },
    { run: "exec --index 2 quiet hostname", expect: "<short>" },
    {
      run: "exec --index 3 quiet true",
      code: 1,
      err: /service "quiet" has no running container 3: there are 1, 2/,
    },
    { run: "exec nobody true", code: 1, err: /no such service: nobody/ },
    { run: "exec talks nothing", code: 127, err: /nothing/ },
    { run: "exec -d talks touch /left" },
    { run: "exec talks ls /left", expect: "/left" },
    { run: "exec talks", code: 1, err: /takes at least 2 arguments/ },
    { run: "--dry-run exec talks touch /dry", code: 1, err: /--dry-run has no steps of this to show/ },
    { run: "exec talks ls /dry", code: 1, err: /dry/ },
    { run: "--dry-run cp FOLDER/note.txt talks:/dry", code: 1, err: /--dry-run has no steps/ },
    { run: "--explain stop", code: 1, err: /--explain goes with --dry-run/ },
    { run: "cp FOLDER/note.txt quiet:/tmp/" },
    { run: "exec --index 1 quiet cat /tmp/note.txt", expect: "noted" },
    { run: "exec --index 2 quiet cat /tmp/note.txt", expect: "noted" },
    { run: "cp talks:/left FOLDER/taken" },
    { run: "cp talks:/nothing FOLDER/taken", code: 1, err: /nothing/ },
    { run: "cp nobody:/left FOLDER/taken", code: 1, err: /no such service: nobody/ },
    {
      run: "logs",
      expect: "<lines>talks-1  | one\n<lines>",
    },
    { run: "logs --no-log-prefix talks", expect: "one\ntwo" },
    { run: "logs -n 1 talks", expect: "talks-1  | two" },
    { run: "logs -t -n 1 talks", expect: "talks-1  | <time> two" },
    { run: "logs --index 2 quiet", expect: "quiet-2  | between" },
    { run: "logs --until 10m" },
    { run: "logs nobody", code: 1, err: /no such service: nobody/ },
    { run: "--ansi always logs -n 1 talks", expect: "\u001b[36mtalks-1  | \u001b[0mtwo" },
    { run: "--ansi always logs --no-color -n 1 talks", expect: "talks-1  | two" },
    { run: "run --rm talks sh -c 'echo $GREETING; exit 5'", expect: "hello", code: 5 },
    {
      run: "run --rm -T -e GREETING=else talks sh -c 'cat; echo $GREETING'",
      stdin: "in ",
      expect: "in else",
    },
    { run: "run --rm tool", expect: "tool says", err: /inside-talks-1 {2}Running/ },
    { run: "run --rm --no-deps tool and more", expect: "tool and more" },
    { run: "run --rm --entrypoint echo tool plain", expect: "plain", err: /Running/ },
    { run: "run --rm --no-deps -v FOLDER:/files --entrypoint cat tool /files/note.txt", expect: "noted" },
    { run: "run -d --name left --no-deps tool", expect: "left" },
    { run: "wait quiet nobody", code: 1, err: /no such service: nobody/ },
    { run: "inro wait left", expect: "0" },
    { run: "ps -a --format '{{.Name}}' tool", expect: "left" },
    { run: "inro logs left", expect: "tool says" },
    { run: "run nobody", code: 1, err: /no such service: nobody/ },
    { run: "run --rm talks nothing", code: 127, err: /nothing/ },
    { run: "kill talks", err: /Killed/ },
    { run: "wait talks", expect: 'container "talks-1" exited with status code 137', code: 137 },
    {
      run: "events --json --since 10m --until 0s talks",
      expect:
        '<lines>{"action":"die","attributes":{"execDuration":"<any>","exitCode":"137"<any>"name":"inside-talks-1"<any>},"id":"<id>","service":"talks","time":"<time>","type":"container"}<lines>',
    },
    {
      run: "events --since 10m --until 0s quiet",
      expect: "<lines>container start <id> (<any>name=inside-quiet-<number><any>)<lines>",
    },
    { run: "attach talks", code: 1, err: /service "talks" is not running/ },
    { run: "down -t 0 --remove-orphans", err: /Container left {2}Removed/ },
  ],
};
