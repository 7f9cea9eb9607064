import type { Group } from "./group.ts";

const yaml = `
name: life
services:
  web:
    image: busybox
    command: sh -c 'trap "exit 0" TERM; echo serves; sleep 600 & wait'
    depends_on: { db: { condition: service_healthy } }
    ports: ["127.0.0.1::80"]
    volumes: ["data:/data"]
  db:
    image: busybox
    command: sh -c 'trap "exit 3" TERM; touch /ready; echo up; sleep 600 & wait'
    healthcheck: { test: test -e /ready, interval: 100ms }
    labels: { kind: base }
volumes: { data: {} }
`;

/** up, ps, ls, stop, start, restart, kill, pause, rm, scale, down. */
export const life: Group = {
  title: "an application's life",
  files: { "compose.yaml": yaml },
  scenarios: [
    { run: "ps", expect: "NAME  IMAGE  COMMAND  SERVICE  CREATED  STATUS  PORTS" },
    {
      run: "--dry-run up",
      expect: `STEP  WHAT  AFTER  WHY
1  create network life_default  <any>
2  create volume life_data  <any>
3  create container life-db-1  1, 2  <any>
4  start container life-db-1  3  <any>
5  create container life-web-1  1, 2  <any>
6  wait for db to be healthy  4  "web" depends on it
7  start container life-web-1  5, 6  <any>`,
    },
    { run: "ps -a -q" },
    {
      run: "--dry-run --explain up db",
      expect:
        "STEP<lines>container life-db-1 (shown on the default network: its own are not there yet)\nhost<lines>exec<lines>operations<any>",
    },
    { run: "create", err: /Container life-web-1 {2}Created/ },
    { run: "ps -a --format '{{.Service}} {{.State}}'", expect: "db created\nweb created" },
    { run: "ps" + " --services" },
    { run: "start", err: /Container life-db-1 {2}Healthy.* Container life-web-1 {2}Started/s },
    { run: "up -d", err: / Container life-db-1 {2}Running\n/ },
    { run: "up --wait", err: /Container life-web-1 {2}(Running|Healthy|Started)/ },
    { run: "ps -q", expect: "<id>\n<id>" },
    { run: "ps --services", expect: "db\nweb" },
    {
      run: "ps web",
      expect:
        'NAME<any>\nlife-web-1  busybox  "sh -c \'trap \\"exit 0…"  web  <any> ago  Up <any>  127.0.0.1:<number>->80/tcp',
    },
    {
      run: "ps db --format '{{.Name}} {{.Health}} {{.ExitCode}} {{.Project}}'",
      expect: "life-db-1 healthy 0 life",
    },
    {
      run: "ps --format json web",
      expect:
        '{<any>"Name":"life-web-1"<any>"Publishers":[{"URL":"127.0.0.1","TargetPort":80,"PublishedPort":<number>,"Protocol":"tcp"}]<any>"Service":"web"<any>}',
    },
    { run: "ps --status exited -q" },
    { run: "ps --filter status=running --services", expect: "db\nweb" },
    { run: "ps --status no", code: 1, err: /cannot use "no" for --status: there are paused, / },
    { run: "ps nobody", code: 1, err: /^inro: no such service: nobody\n$/ },
    { run: "ps wep", code: 1, err: /no such service: wep: did you mean "web"\?/ },
    { run: "inro compose ls", expect: "NAME  STATUS  CONFIG FILES\nlife  running(2)  <any>compose.yaml" },
    {
      run: "inro compose ls --format json",
      expect: '[{"Name":"life","Status":"running(2)","ConfigFiles":"<any>compose.yaml"}]',
    },
    { run: "inro compose ls -q --filter name=lif", expect: "life" },
    { run: "inro compose ls -q --filter name=other" },
    { run: "port web 80", expect: "127.0.0.1:<number>" },
    { run: "port web 81", code: 1, err: /no port 81\/tcp for container life-web-1: it publishes 80\/tcp/ },
    { run: "port db 80", code: 1, err: /it publishes none/ },
    {
      run: "images",
      expect:
        "CONTAINER  REPOSITORY  TAG  IMAGE ID  SIZE\nlife-db-1  busybox  latest  <short>  <any>\nlife-web-1  busybox  latest  <short>  <any>",
    },
    { run: "images -q", expect: "<id>" },
    {
      run: "images --format json web",
      expect:
        '[{"ID":"sha256:<id>","ContainerName":"life-web-1","Repository":"busybox","Tag":"latest","Size":<number>}]',
    },
    { run: "volumes", expect: "DRIVER  VOLUME NAME\nlocal  life_data" },
    { run: "volumes -q web", expect: "life_data" },
    { run: "volumes db", expect: "DRIVER  VOLUME NAME" },
    { run: "top db", expect: "life-db-1\nUID  PID<any>CMD\n<lines>touch /ready<lines>" },
    { run: "stats --no-stream --format '{{.Name}}'", expect: "life-db-1\nlife-web-1" },
    { run: "pause db", err: /^ Container life-db-1 {2}Pausing\n Container life-db-1 {2}Paused\n$/ },
    { run: "ps --status paused --services", expect: "db" },
    { run: "unpause", err: /Container life-db-1 {2}Unpaused/ },
    {
      run: "--dry-run stop",
      expect: "STEP<any>\n1  stop container life-web-1  <any>\n2  stop container life-db-1  1  <any>",
    },
    { run: "stop", err: /life-web-1 {2}Stopped\n(.*\n)* Container life-db-1 {2}Stopped\n$/ },
    { run: "ps -a --format '{{.Name}} {{.ExitCode}}'", expect: "life-db-1 3\nlife-web-1 0" },
    { run: "inro compose ls", expect: "NAME  STATUS  CONFIG FILES" },
    { run: "inro compose ls -a -q", expect: "life" },
    { run: "exec web true", code: 1, err: /service "web" is not running/ },
    { run: "start", err: /life-db-1 {2}Healthy/ },
    { run: "restart web", err: /^ Container life-web-1 {2}Restarting\n Container life-web-1 {2}Started\n$/ },
    { run: "kill -s KILL web", err: /^ Container life-web-1 {2}Killing\n Container life-web-1 {2}Killed\n$/ },
    { run: "inro compose -p life kill web", err: /^no container to kill\n$/ },
    { run: "rm", stdin: "n\n", err: /^Going to remove life-web-1 \[y\/N\] $/ },
    { run: "rm -f", expect: "Going to remove life-web-1", err: /Container life-web-1 {2}Removed/ },
    { run: "rm -f", err: /^No stopped containers\n$/ },
    { run: "up -d --scale web=3", err: /life-web-3 {2}Started/ },
    { run: "ps --format '{{.Name}}' web", expect: "life-web-1\nlife-web-2\nlife-web-3" },
    { run: "port --index 2 web 80", expect: "127.0.0.1:<number>" },
    { run: "port --index 9 web 80", code: 1, err: /has no running container 9: there are 1, 2, 3/ },
    { run: "scale web=2", err: /life-web-3 {2}Removed/ },
    { run: "scale web=x", code: 1, err: /cannot use "web=x" as a scale: write SERVICE=NUMBER/ },
    { run: "up -d --scale nobody=2", code: 1, err: /nobody/ },
    { run: "up -d --force-recreate web", err: /life-web-1 {2}Recreated/ },
    { run: "inro compose -p life ps --services", expect: "db\nweb" },
    { run: "inro compose -p life stop web", err: /life-web-1 {2}Stopped/ },
    { run: "inro compose -p life start web", err: /life-web-1 {2}Started/ },
    { run: "inro compose -p nothing ps -q" },
    {
      run: "inro compose -p nothing down",
      err: /^Warning: No resource found to remove for project "nothing"\.\n$/,
    },
    { run: "--progress quiet stop db" },
    {
      run: "--progress json start db",
      err: /^\{"id":"Container life-db-1","status":"Working","text":"Starting"\}\n/,
    },
    { run: "down -t 0", err: /Network life_default {2}Removed\n$/ },
    { run: "volumes -q", expect: "life_data" },
    { run: "down -v", err: /^ Volume life_data {2}Removing\n Volume life_data {2}Removed\n$/ },
    { run: "down -v" },
  ],
};
