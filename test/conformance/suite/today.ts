/** What this runtime does not do today. A test so marked has to fail: once it passes, its mark here has to go. */
const notYet = (fails: string) => ({ fails });

export const UNKNOWN_CAPABILITY = notYet("an unknown capability is an error");
export const MOUNT_OPTIONS = notYet("the option is handed to the file system");
export const VALIDATION = notYet("the value is not checked");
export const CONSOLE_SIZE = notYet("consoleSize is passed over");
export const NAMESPACES = notYet("sharing the mount namespace is refused");
export const NET_DEVICES = notYet("moved network devices are refused");
export const CGROUP_OWNER = notYet("the cgroup stays its creator's");
