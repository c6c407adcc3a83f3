// Writes dist/third-party.txt: name, version, licence and licence text of every package that the
// application is built from. A package that grants no known licence stops the build.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../", import.meta.url).pathname;
/** Licences that ask for nothing but their notice. Packages offered under several count by one. */
const granted = /\b(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|Unlicense|CC0-1\.0|OFL-1\.1|BlueOak-1\.0\.0)\b/;
/** Packages whose manifest names no licence, read by hand: their LICENSE file is what is printed. */
const readByHand = { "fast-shallow-equal": "Unlicense", "react-universal-interface": "Unlicense" };

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
const entries = [];
const refused = [];
for (const [path, meta] of Object.entries(packages)) {
  if (path === "" || meta.dev || meta.devOptional || meta.optional) continue;
  const folder = join(root, path);
  if (!existsSync(folder)) continue;
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const licence = manifest.license ?? readByHand[manifest.name] ?? "";
  if (!granted.test(String(licence))) refused.push(`${manifest.name} ${manifest.version}: ${licence || "no licence"}`);
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying|unlicense)/i.test(name));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : "(the package carries no licence file)";
  entries.push(`${manifest.name} ${manifest.version} (${licence})\n\n${text}\n`);
}
if (refused.length > 0) {
  console.error(`packages without a permissive licence:\n  ${refused.join("\n  ")}`);
  process.exit(1);
}
const rule = `\n${"-".repeat(80)}\n\n`;
const heading = "The console is built from the packages below. Each is used under the licence printed with it.\n";
writeFileSync(join(root, "dist/third-party.txt"), heading + rule + entries.join(rule));
console.log(`third-party.txt: ${entries.length} packages`);
