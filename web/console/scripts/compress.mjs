// Writes a brotli and a gzip twin beside each file of dist/ that gains from it; the server picks by
// Accept-Encoding. index.html has none: the server fills in its base path.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const compressible = new Set([".css", ".js", ".json", ".svg", ".txt"]);
/** Below this a response fits into one packet either way. */
const bytesMin = 1024;

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
const gzip = (bytes) => gzipSync(bytes, { level: 9 });

const total = { files: 0, plain: 0, br: 0, gz: 0 };
for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name);
  if (/\.(br|gz)$/.test(name)) {
    rmSync(path);
    continue;
  }
  if (!statSync(path).isFile() || !compressible.has(extname(name))) continue;
  const bytes = readFileSync(path);
  if (bytes.length < bytesMin) continue;
  total.files += 1;
  total.plain += bytes.length;
  for (const [suffix, compress] of [["br", brotli], ["gz", gzip]]) {
    const packed = compress(bytes);
    if (packed.length >= bytes.length) continue;
    writeFileSync(`${path}.${suffix}`, packed);
    total[suffix] += packed.length;
  }
}
const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;
console.log(`compressed ${total.files} files: ${kB(total.plain)} plain, ${kB(total.br)} br, ${kB(total.gz)} gz`);
