/** Files that the executable carries; the value is a path that this process can read. */
declare module "*/build/native/inro-native" {
  const path: string;
  export default path;
}
declare module "*/build/native/hello" {
  const path: string;
  export default path;
}
