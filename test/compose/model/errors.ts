/** Compose files that cannot be: what is said of each, with the place. docker compose v2 refuses them, too, unless `accepts`. */
export interface Refused {
  readonly name: string;
  readonly compose: string;
  /** The whole message. */
  readonly says: string;
  readonly profiles?: readonly string[];
  /** Why it is refused although docker compose takes it. */
  readonly accepts?: string;
}

/** One service with an image, and this. */
const one = (
  name: string,
  members: string,
  says: string,
  { accepts, top = "" }: { readonly accepts?: string; readonly top?: string } = {},
): Refused => ({
  name,
  compose: `services:\n  web:\n    image: nginx\n${members.replace(/^/gm, "    ")}\n${top}`,
  says,
  ...(accepts === undefined ? {} : { accepts }),
});

const late = "it is found out when the container is made";
const silent = "it is accepted and means nothing";

export const refused: readonly Refused[] = [
  one(
    "a size that is none",
    "mem_limit: 1x",
    'compose.yaml:4:16: services.web.mem_limit: "1x" is not a size, such as 512, "64m" or "1.5gb"',
  ),
  one(
    "a size that is negative",
    'mem_limit: "-5"',
    'compose.yaml:4:16: services.web.mem_limit: "-5" is not a size, such as 512, "64m" or "1.5gb"',
  ),
  one(
    "a size of the build",
    "shm_size: lots",
    'compose.yaml:4:15: services.web.shm_size: "lots" is not a size, such as 512, "64m" or "1.5gb"',
  ),
  one(
    "a duration without a unit",
    'stop_grace_period: "10"',
    'compose.yaml:4:24: services.web.stop_grace_period: "10" is not a duration, such as "10s" or "1m30s"',
  ),
  one(
    "a duration in days",
    "healthcheck: {interval: 1d}",
    'compose.yaml:4:29: services.web.healthcheck.interval: "1d" is not a duration, such as "10s" or "1m30s"',
  ),
  one(
    "a number that is none",
    "cpus: x",
    'compose.yaml:4:11: cannot use services.web.cpus: "x" is not a number',
  ),
  one(
    "a number out of its bounds",
    "oom_score_adj: 2000",
    'compose.yaml:4:20: cannot use "2000" for services.web.oom_score_adj: -1000 to 1000 is wanted',
  ),
  one(
    "swappiness above a hundred",
    "mem_swappiness: 101",
    "compose.yaml:4:21: services.web.mem_swappiness: 101 is not a whole number from 0 to 100",
    { accepts: late },
  ),
  one(
    "a weight below ten",
    "blkio_config: {weight: 5}",
    "compose.yaml:4:28: services.web.blkio_config.weight: 5 is not a whole number from 10 to 1000",
    { accepts: late },
  ),
  one(
    "a truth that is none",
    "init: perhaps",
    'compose.yaml:4:11: cannot use services.web.init: "perhaps" is not true or false',
  ),
  one(
    "ports: letters",
    'ports: ["http:80"]',
    'compose.yaml:4:13: services.web.ports[0]: "http" is not a host port (it is a number from 0 to 65535, or a range of them)',
  ),
  one(
    "ports: above what there is",
    'ports: ["80:70000"]',
    'compose.yaml:4:13: services.web.ports[0]: "70000" is not a container port (it is a number from 1 to 65535, or a range of them)',
  ),
  one(
    "ports: ranges of different lengths",
    'ports: ["9090-9092:8080-8081"]',
    'compose.yaml:4:13: services.web.ports[0]: "9090-9092:8080-8081" maps 3 host ports to 2 container ports (write ranges of the same length)',
  ),
  one(
    "ports: a range that ends before it begins",
    'ports: ["90-80"]',
    'compose.yaml:4:13: services.web.ports[0]: the range "90-80" ends before it begins',
  ),
  one(
    "ports: a protocol that is none",
    'ports: ["80/http"]',
    'compose.yaml:4:13: services.web.ports[0]: "http" in "80/http" is no protocol (it is one of tcp, udp, sctp)',
  ),
  one(
    "ports: an address that is none",
    'ports: ["localhost:80:80"]',
    'compose.yaml:4:13: services.web.ports[0]: "localhost" is not an IP address (a port of the host is bound to an address of it)',
  ),
  one(
    "ports: an address without the host's port",
    'ports: ["127.0.0.1:80"]',
    'compose.yaml:4:13: services.web.ports[0]: "127.0.0.1" is not a port (behind an address comes the host\'s port: "127.0.0.1::80" for any)',
  ),
  one(
    "ports: nothing",
    'ports: [""]',
    'compose.yaml:4:13: services.web.ports[0]: "" is not a port ([[ADDRESS:]HOST PORT:]CONTAINER PORT[/PROTOCOL], such as "8080:80" or "127.0.0.1:53:53/udp")',
  ),
  one(
    "ports: no target",
    "ports: [{published: 80}]",
    "compose.yaml:4:13: services.web.ports[0]: it has no target (say which port of the container)",
  ),
  one(
    "ports: published is no port",
    "ports: [{target: 80, published: http}]",
    'compose.yaml:4:37: services.web.ports[0].published: "http" is not a port of the host or a range of them, such as "8080" or "8080-8090"',
    { accepts: late },
  ),
  one(
    "ports: published is above what there is",
    'ports: [{target: 80, published: "70000"}]',
    'compose.yaml:4:13: services.web.ports[0]: "70000" is not a published port (it is a number from 0 to 65535, or a range of them)',
    { accepts: late },
  ),
  one(
    "ports: an address that is none, in long form",
    "ports: [{target: 80, host_ip: example.com}]",
    'compose.yaml:4:13: services.web.ports[0]: "example.com" is not an IP address (a port of the host is bound to an address of it)',
    { accepts: late },
  ),
  one(
    "expose: a name",
    "expose: [http]",
    'compose.yaml:4:14: services.web.expose[0]: "http" is not a port (a port of the container or a range, such as "3000" or "8080-8085/udp")',
    { accepts: silent },
  ),
  one(
    "volumes: a target that is not absolute",
    'volumes: ["./a:b"]',
    'compose.yaml:4:15: services.web.volumes[0]: "b" is not an absolute path of the container (SOURCE:TARGET[:OPTIONS], such as "data:/var/lib/data" or "./conf:/etc/conf:ro")',
    { accepts: late },
  ),
  one(
    "volumes: options in the place of the target",
    'volumes: ["/data:ro"]',
    'compose.yaml:4:15: services.web.volumes[0]: "ro" is not an absolute path of the container (SOURCE:TARGET[:OPTIONS], such as "data:/var/lib/data" or "./conf:/etc/conf:ro")',
    { accepts: late },
  ),
  one(
    "volumes: an option that there is not",
    'volumes: ["data:/d:or"]',
    'compose.yaml:4:15: services.web.volumes[0]: "or" in "data:/d:or" is no option of a mount (there are rw, ro, z, Z, nocopy, private, rprivate, shared, rshared, slave, rslave)',
    { accepts: silent, top: "volumes: {data: }\n" },
  ),
  one(
    "volumes: too many parts",
    'volumes: ["aa:/b:ro:z"]',
    'compose.yaml:4:15: services.web.volumes[0]: "aa:/b:ro:z" is not a mount (SOURCE:TARGET[:OPTIONS], such as "data:/var/lib/data" or "./conf:/etc/conf:ro")',
  ),
  one(
    "volumes: no source",
    'volumes: [":/b"]',
    'compose.yaml:4:15: services.web.volumes[0]: ":/b" is not a mount (SOURCE:TARGET[:OPTIONS], such as "data:/var/lib/data" or "./conf:/etc/conf:ro")',
  ),
  one(
    "volumes: propagation of a volume",
    'volumes: ["data:/b:rshared"]',
    'compose.yaml:4:15: services.web.volumes[0]: "rshared" in "data:/b:rshared" is for paths of the host',
    { accepts: silent, top: "volumes: {data: }\n" },
  ),
  one(
    "volumes: nocopy of a path",
    'volumes: ["/data:/b:nocopy"]',
    'compose.yaml:4:15: services.web.volumes[0]: "nocopy" in "/data:/b:nocopy" is for volumes',
    { accepts: silent },
  ),
  one(
    "volumes: a path of Windows",
    'volumes: ["C:\\\\a:/b"]',
    'compose.yaml:4:15: services.web.volumes[0]: "C:\\a:/b" is a path of Windows (Inro runs on Linux: write /path/like/this)',
    { accepts: late },
  ),
  one(
    "volumes: a bind without a source",
    "volumes: [{type: bind, target: /b}]",
    "compose.yaml:4:15: services.web.volumes[0]: a mount of type bind needs a source",
  ),
  one(
    "volumes: no target",
    "volumes: [{type: volume, source: data}]",
    "compose.yaml:4:15: services.web.volumes[0]: it has no target",
    { top: "volumes: {data: }\n" },
  ),
  one(
    "volumes: a tmpfs with a source",
    "volumes: [{type: tmpfs, source: x, target: /b}]",
    "compose.yaml:4:37: services.web.volumes[0]: a mount of type tmpfs has no source",
    { accepts: silent },
  ),
  one(
    "volumes: options of another type",
    "volumes: [{type: tmpfs, target: /b, bind: {propagation: shared}}]",
    'compose.yaml:4:47: services.web.volumes[0]: "bind" belongs to mounts of type bind, and this one is a tmpfs',
    { accepts: silent },
  ),
  one(
    "volumes: a path that is said to be a volume",
    "volumes: [{type: volume, source: ./a, target: /b}]",
    'compose.yaml:4:38: services.web.volumes[0]: "./a" is a path and not a volume (write type: bind)',
  ),
  one(
    "volumes: propagation that there is not",
    "volumes: [{type: bind, source: /a, target: /b, bind: {propagation: all}}]",
    'compose.yaml:4:72: services.web.volumes[0].bind.propagation: "all" is not one of private, rprivate, shared, rshared, slave, rslave',
    { accepts: late },
  ),
  one(
    "volumes: one that is not defined",
    'volumes: ["data:/d"]',
    'compose.yaml:4:15: services.web.volumes.0: there is no volume "data" in the file (define it beneath volumes: at the top; there are none)',
  ),
  one(
    "tmpfs: a mode that is none",
    "volumes: [{type: tmpfs, target: /b, tmpfs: {mode: rwx}}]",
    'compose.yaml:4:55: cannot use services.web.volumes[0].tmpfs.mode: "rwx" is not a mode of octal digits',
  ),
  one(
    "devices: too many parts",
    "devices: [a:b:c:d]",
    'compose.yaml:4:15: services.web.devices[0]: "a:b:c:d" has more than three parts (PATH[:PATH IN THE CONTAINER[:rwm]])',
  ),
  one(
    "devices: permissions that are none",
    "devices: ['/dev/a:/dev/b:rwx']",
    'compose.yaml:4:15: services.web.devices[0]: "rwx" are no permissions (some of r, w and m)',
    { accepts: late },
  ),
  one(
    "devices: not absolute",
    "devices: [ttyUSB0]",
    'compose.yaml:4:15: services.web.devices[0]: "ttyUSB0" is not an absolute path',
    { accepts: late },
  ),
  one(
    "extra_hosts: no address",
    "extra_hosts: [somehost]",
    'compose.yaml:4:19: services.web.extra_hosts[0]: "somehost" is no host with an address (HOST=ADDRESS, such as "db=10.0.0.5" or "gateway=host-gateway")',
  ),
  one(
    "extra_hosts: an address that is none",
    "extra_hosts: ['db=10.0.0']",
    'compose.yaml:4:19: services.web.extra_hosts[0]: "10.0.0" is not an address for db (HOST=ADDRESS, such as "db=10.0.0.5" or "gateway=host-gateway")',
    { accepts: late },
  ),
  one(
    "healthcheck: a list that begins otherwise",
    "healthcheck: {test: [curl, x]}",
    'compose.yaml:4:26: services.web.healthcheck.test: "curl" begins no health check (NONE, CMD or CMD-SHELL does)',
  ),
  one(
    "command: an open quote",
    'command: echo "a',
    'compose.yaml:4:14: services.web.command: "echo \\"a" cannot be split into words: what " opens is never closed (for a shell\'s syntax write ["sh", "-c", "…"])',
  ),
  one(
    "command: a parenthesis",
    "command: (echo a)",
    'compose.yaml:4:14: services.web.command: "(echo a)" cannot be split into words: "(" is a shell\'s, and no shell reads it (for a shell\'s syntax write ["sh", "-c", "…"])',
  ),
  one(
    "restart: what there is not",
    "restart: sometimes",
    'compose.yaml:4:14: services.web.restart: "sometimes" is not one of no, always, on-failure, on-failure:<tries> and unless-stopped',
    { accepts: late },
  ),
  one(
    "restart: a number that is none",
    "restart: on-failure:x",
    'compose.yaml:4:14: services.web.restart: "on-failure:x" is not one of no, always, on-failure, on-failure:<tries> and unless-stopped',
    { accepts: late },
  ),
  one(
    "pull_policy: what there is not",
    "pull_policy: sometimes",
    'compose.yaml:4:18: cannot use "sometimes" for services.web.pull_policy: always, never, missing, if_not_present, build, refresh, daily, weekly or every_<time> is wanted',
  ),
  one(
    "container_name: with a slash",
    "container_name: a/b",
    'compose.yaml:4:21: cannot use "a/b" for services.web.container_name: letters, digits, `_`, `.` and `-` are wanted, a letter or digit first',
    { accepts: late },
  ),
  one(
    "platform: with a space",
    "platform: linux amd64",
    'compose.yaml:4:15: services.web.platform: "linux amd64" is not a platform, such as linux/arm64/v8',
    { accepts: late },
  ),
  one(
    "mac_address",
    "mac_address: 02:42",
    'compose.yaml:4:18: services.web.mac_address: "02:42" is not a MAC address, such as 02:42:ac:11:65:43',
    { accepts: late },
  ),
  one(
    "ulimits: soft above hard",
    "ulimits: {nofile: {soft: 5, hard: 4}}",
    "compose.yaml:4:23: services.web.ulimits.nofile: soft 5 is above hard 4 (the soft limit is at most the hard one)",
    { accepts: late },
  ),
  one(
    "ulimits: only one of them",
    "ulimits: {nofile: {soft: 5}}",
    "compose.yaml:4:23: cannot use services.web.ulimits.nofile: it lacks `hard`",
  ),
  one(
    "ulimits: a text",
    "ulimits: {nofile: many}",
    'compose.yaml:4:23: cannot use services.web.ulimits.nofile: "many" is not a whole number',
  ),
  one(
    "device_cgroup_rules",
    "device_cgroup_rules: [all]",
    'compose.yaml:4:27: services.web.device_cgroup_rules[0]: "all" is not a rule, such as "c 1:3 mr" or "a 7:* rmw"',
    { accepts: late },
  ),
  one(
    "cpuset",
    "cpuset: one",
    'compose.yaml:4:13: services.web.cpuset: "one" is not a list of processors, such as "0-3" or "0,1"',
    { accepts: late },
  ),
  one(
    "labels that are Compose's own",
    "labels: {com.docker.compose.project: x}",
    'compose.yaml:4:42: services.web.labels.com.docker.compose.project: "com.docker.compose.project" is one of Compose\'s own labels (choose a name that does not begin with com.docker.compose.)',
    { accepts: "the specification refuses it" },
  ),
  one(
    "environment without a name",
    "environment: ['=x']",
    'compose.yaml:4:19: services.web.environment[0]: "=x" has no name before its "="',
    { accepts: silent },
  ),
  one(
    "env_file that is not there",
    "env_file: ./no.env",
    "compose.yaml:4:15: services.web.env_file: cannot read the file of variables /srv/project/no.env: there is none (say required: false, if the service does without it)",
  ),
  one(
    "profiles: a name that cannot be",
    "profiles: ['-x']",
    'compose.yaml:4:16: services.web.profiles[0]: "-x" is not a profile\'s name',
    { accepts: silent },
  ),
  one(
    "networks and network_mode",
    "network_mode: host\nnetworks: [default]",
    "compose.yaml:4:19: services.web.network_mode: it excludes networks, and the service has both (leave one of them away)",
  ),
  one(
    "networks: one that is not defined",
    "networks: [back]",
    'compose.yaml:4:16: services.web.networks.back: there is no network "back" in the file (define it beneath networks: at the top; there are none)',
  ),
  one(
    "networks: an address of the wrong family",
    "networks: {back: {ipv4_address: '::1'}}",
    'compose.yaml:4:37: services.web.networks.back.ipv4_address: "::1" is not an IPv4 address',
    { accepts: late, top: "networks: {back: }\n" },
  ),
  one(
    "networks: a subnet that is none",
    "networks: [back]",
    'compose.yaml:9:19: networks.back.ipam.config[0].subnet: "172.28.0.0/33" is not a subnet, such as 172.28.0.0/16',
    { accepts: late, top: "networks:\n  back:\n    ipam:\n      config:\n        - subnet: 172.28.0.0/33\n" },
  ),
  one(
    "networks: a gateway that is none",
    "networks: [back]",
    'compose.yaml:5:65: networks.back.ipam.config[0].gateway: "router" is not an IP address',
    { accepts: late, top: "networks: {back: {ipam: {config: [{subnet: 10.0.0.0/8, gateway: router}]}}}\n" },
  ),
  one(
    "networks: an external one that is described",
    "networks: [out]",
    'compose.yaml:5:34: networks.out: "driver" says how to make what is external (what is external is there already: only its name is said)',
    { accepts: "the specification refuses it", top: "networks: {out: {external: true, driver: bridge}}\n" },
  ),
  one(
    "volumes: an external one that is described",
    "labels: {}",
    'compose.yaml:5:33: volumes.out: "labels" says how to make what is external (what is external is there already: only its name is said)',
    { top: "volumes: {out: {external: true, labels: {a: b}}}\n" },
  ),
  one(
    "secrets: one that is not defined",
    "secrets: [token]",
    'compose.yaml:4:15: services.web.secrets.token: there is no secret "token" in the file (define it beneath secrets: at the top; there are none)',
  ),
  one(
    "secrets: nothing says what is in it",
    "secrets: [token]",
    "compose.yaml:5:18: secrets.token: nothing says what is in it (say one of file, environment, or external: true)",
    { top: "secrets: {token: {}}\n" },
  ),
  one(
    "secrets: two say what is in it",
    "secrets: [token]",
    "compose.yaml:5:18: secrets.token: it says file and environment (say one of file, environment, or external: true)",
    { top: "secrets: {token: {file: a, environment: B}}\n" },
  ),
  one(
    "secrets: a target that leads out",
    "secrets: [{source: token, target: ../../etc/passwd}]",
    'compose.yaml:4:39: services.web.secrets[0]: the target "../../etc/passwd" contains ".." (write where the file shall be, without going up)',
    { accepts: late, top: "secrets: {token: {file: a}}\n" },
  ),
  one(
    "secrets: a mode that is none",
    "secrets: [{source: token, mode: rw}]",
    'compose.yaml:4:37: cannot use services.web.secrets[0].mode: "rw" is not a mode of octal digits',
    { top: "secrets: {token: {file: a}}\n" },
  ),
  one(
    "secrets: an owner's name",
    "secrets: [{source: token, uid: root}]",
    'compose.yaml:4:36: services.web.secrets[0].uid: "root" is not a number in quotes, such as "1000"',
    { accepts: late, top: "secrets: {token: {file: a}}\n" },
  ),
  one(
    "configs: a target that leads out",
    "configs: [{source: conf, target: /etc/../../x}]",
    'compose.yaml:4:38: services.web.configs[0]: the target "/etc/../../x" contains ".." (write where the file shall be, without going up)',
    { accepts: late, top: "configs: {conf: {content: a}}\n" },
  ),
  one(
    "configs: one that is not defined",
    "configs: [conf]",
    'compose.yaml:4:15: services.web.configs.conf: there is no config "conf" in the file (define it beneath configs: at the top; there are none)',
  ),
  one(
    "configs: two say what is in it",
    "configs: [conf]",
    "compose.yaml:5:17: configs.conf: it says file and content (say one of file, environment, content, or external: true)",
    { top: "configs: {conf: {file: a, content: b}}\n" },
  ),
  one(
    "credential_spec: a config that is not defined",
    "credential_spec: {config: spec}",
    'compose.yaml:4:31: services.web.credential_spec.config: there is no config "spec" in the file (define it beneath configs: at the top; there are none)',
    { accepts: silent },
  ),
  one(
    "models: one that is not defined",
    "models: [llm]",
    'compose.yaml:4:14: services.web.models.llm: there is no model "llm" in the file (define it beneath models: at the top; there are none)',
  ),
  one(
    "cpus that differ",
    "cpus: 1\ndeploy: {resources: {limits: {cpus: '2'}}}",
    "compose.yaml:4:11: services.web.cpus: it differs from deploy.resources.limits.cpus, which says the same thing (say it once)",
  ),
  one(
    "memory that differs",
    "mem_limit: 1g\ndeploy: {resources: {limits: {memory: 2g}}}",
    "compose.yaml:4:16: services.web.mem_limit: it differs from deploy.resources.limits.memory, which says the same thing (say it once)",
  ),
  one(
    "reservations that differ",
    "mem_reservation: 1g\ndeploy: {resources: {reservations: {memory: 2g}}}",
    "compose.yaml:4:22: services.web.mem_reservation: it differs from deploy.resources.reservations.memory, which says the same thing (say it once)",
  ),
  one(
    "pids that differ",
    "pids_limit: 1\ndeploy: {resources: {limits: {pids: 2}}}",
    "compose.yaml:4:17: services.web.pids_limit: it differs from deploy.resources.limits.pids, which says the same thing (say it once)",
  ),
  one(
    "scale that differs",
    "scale: 2\ndeploy: {replicas: 3}",
    "compose.yaml:4:12: services.web.scale: it differs from deploy.replicas, which says the same thing (say it once)",
  ),
  one(
    "more is reserved than there may be",
    "mem_limit: 1g\nmem_reservation: 2g",
    "compose.yaml:5:22: services.web.mem_reservation: more is reserved than the service may have",
    { accepts: late },
  ),
  one(
    "memory and swap are less than memory",
    "mem_limit: 2g\nmemswap_limit: 1g",
    "compose.yaml:5:20: services.web.memswap_limit: it is memory and swap together, and less than the memory alone",
    { accepts: late },
  ),
  one(
    "swap without memory",
    "memswap_limit: 1g",
    "compose.yaml:4:20: services.web.memswap_limit: it counts memory and swap together, and no mem_limit says how much of it is memory",
    { accepts: late },
  ),
  one(
    "container_name for three",
    "container_name: only-one\nscale: 3",
    'compose.yaml:4:21: services.web.container_name: 3 containers of the service cannot all have the name "only-one" (leave container_name away, or scale to 1)',
  ),
  one(
    "deploy: a mode that there is not",
    "deploy: {mode: many}",
    'compose.yaml:4:20: services.web.deploy.mode: "many" is not one of replicated, global, replicated-job, global-job',
    { accepts: silent },
  ),
  one(
    "deploy: a condition that there is not",
    "deploy: {restart_policy: {condition: sometimes}}",
    'compose.yaml:4:42: services.web.deploy.restart_policy.condition: "sometimes" is not one of none, on-failure, any',
    { accepts: late },
  ),
  one(
    "deploy: count and device_ids",
    "deploy:\n  resources:\n    reservations:\n      devices:\n        - {capabilities: [gpu], count: 1, device_ids: ['0']}",
    "compose.yaml:8:15: services.web.deploy.resources.reservations.devices[0]: it says both count and device_ids (leave one away)",
  ),
  one(
    "links: a service that there is not",
    "links: [db]",
    'compose.yaml:4:13: services.web.links[0]: there is no service "db" (there are web)',
  ),
  one(
    "volumes_from: a service that there is not",
    "volumes_from: [db]",
    'compose.yaml:4:20: services.web.volumes_from[0]: there is no service "db" (there are web)',
  ),
  one(
    "network_mode: a service that there is not",
    "network_mode: service:db",
    'compose.yaml:4:19: services.web.network_mode: there is no service "db" (there are web)',
  ),
  one(
    "a service that depends on itself",
    "depends_on: [web]",
    "compose.yaml:4:18: services.web.depends_on.web: services depend on each other in a circle: web -> web (one of them has to start first)",
  ),
  {
    name: "no image",
    compose: "services:\n  web:\n    init: true\n",
    says: "compose.yaml:2:3: services.web: it has neither an image nor a build section (say image: or build:)",
  },
  {
    name: "depends_on: a service that there is not",
    compose:
      "services:\n  web:\n    image: web\n    depends_on:\n      db:\n        condition: service_started\n",
    says: 'compose.yaml:5:7: services.web.depends_on.db: there is no service "db" (there are web)',
  },
  {
    name: "depends_on: one that is not there although it is optional",
    compose:
      "services:\n  web:\n    image: web\n    depends_on: {db: {condition: service_started, required: false}}\n",
    says: 'compose.yaml:4:18: services.web.depends_on.db: there is no service "db" (there are web)',
  },
  {
    name: "depends_on: a service that is off",
    compose:
      "services:\n  zot: {image: zot, depends_on: [bar], profiles: [debug]}\n  bar: {image: bar, profiles: [test]}\n",
    profiles: ["debug"],
    says: 'compose.yaml:2:34: services.zot.depends_on.bar: the service "bar" is off, as none of its profiles is on (turn it on with --profile test)',
  },
  {
    name: "depends_on: a circle",
    compose:
      "services:\n  a: {image: a, depends_on: [b]}\n  b:\n    image: b\n    depends_on: [c]\n  c: {image: c, links: [a]}\n",
    says: "compose.yaml:2:30: services.a.depends_on.b: services depend on each other in a circle: a -> b -> c -> a (one of them has to start first)",
  },
  {
    name: "container_name twice",
    compose: "services:\n  a: {image: a, container_name: same}\n  b: {image: b, container_name: same}\n",
    says: 'compose.yaml:3:33: services.b.container_name: the service "a" has the name "same", too',
    accepts: late,
  },
  {
    name: "ports: the same one twice",
    compose:
      'services:\n  a:\n    image: a\n    ports: ["127.0.0.1:8080:80"]\n  b:\n    image: b\n    ports:\n      - "9090:90"\n      - "8080:80"\n',
    says: "compose.yaml:9:9: services.b.ports[1]: port 8080/tcp of the host is published by services.a.ports[0], too (compose.yaml:4) (publish one of them at another port)",
    accepts: late,
  },
  {
    name: "build: dockerfile and dockerfile_inline",
    compose: 'services:\n  a: {build: {context: ., dockerfile: x, dockerfile_inline: "FROM y"}}\n',
    says: "compose.yaml:2:61: services.a.build: it says both dockerfile and dockerfile_inline (leave one away)",
  },
  {
    name: "build: not for the service's platform",
    compose: "services:\n  a: {build: {context: ., platforms: [linux/arm64]}, platform: linux/amd64}\n",
    says: "compose.yaml:2:27: services.a.build.platforms: the service's own platform, linux/amd64, is not among them (what is built could not be run)",
  },
  {
    name: "build: a secret that is not defined",
    compose: "services:\n  a: {build: {context: ., secrets: [s]}}\n",
    says: 'compose.yaml:2:37: services.a.build.secrets.s: there is no secret "s" in the file (define it beneath secrets: at the top; there are none)',
  },
  {
    name: "build: a key of ssh without a path",
    compose: "services:\n  a: {build: {context: ., ssh: [own]}}\n",
    says: 'compose.yaml:2:32: services.a.build.ssh: the key "own" has no path (write ID=PATH; only default needs none)',
  },
  {
    name: "build: a context of a service that there is not",
    compose: "services:\n  a: {build: {context: ., additional_contexts: {base: 'service:base'}}}\n",
    says: 'compose.yaml:2:55: services.a.build.additional_contexts.base: there is no service "base" (there are a)',
  },
];
