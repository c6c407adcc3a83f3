// Where the console lives: the server writes its path prefix into the page's <base>.

/** The prefix with slashes at both ends, "/" when there is none. */
export function basePath(baseUri: string = document.baseURI): string {
  return new URL("./", baseUri).pathname;
}

/** The address of a server path such as "api/v1/query". */
export function address(path: string): string {
  return basePath() + path.replace(/^\//, "");
}

/** The application's own path of a location, "/" first; null when it lies outside the prefix. */
export function pathWithin(pathname: string, base: string = basePath()): string | null {
  if (`${pathname}/` === base) return "/";
  return pathname.startsWith(base) ? `/${pathname.slice(base.length)}` : null;
}
