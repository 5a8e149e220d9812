// Builds the assets that the server embeds: `node build.mjs OUT`.
//
// Writes OUT/dist/* (content-hashed names, and .br/.gz beside what compresses) and OUT/assets.tsv,
// which crates/web/build.rs turns into a table. It knows nothing of Rust and nothing of pages.
import { build } from "esbuild";
import subset from "subset-font";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUT");
const dist = join(out, "dist");
const cut = join(out, "fonts");
for (const folder of [dist, cut]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

// Printable ASCII and the typography our own texts use. Everything else comes from the full latin
// files, which a browser fetches only when a page holds such a letter (unicode-range in fonts.css).
const CORE =
  Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("") + "\u00a0·×“”‘’–—…→←↑↓≤≥−";

const package_file = (family, file) =>
  join(here, "node_modules/@fontsource-variable", family, "files", `${family}-${file}.woff2`);
const FONTS = {
  text: ["newsreader", "latin-opsz-normal", { opsz: 18, wght: { min: 400, max: 700 } }],
  "text-italic": ["newsreader", "latin-opsz-italic", { opsz: 18, wght: 400 }],
  display: ["newsreader", "latin-opsz-normal", { opsz: 72, wght: 400 }],
  "display-italic": ["newsreader", "latin-opsz-italic", { opsz: 72, wght: 400 }],
  sans: ["hanken-grotesk", "latin-wght-normal", { wght: { min: 400, max: 700 } }],
  mono: ["geist-mono", "latin-wght-normal", { wght: 420 }],
};
await Promise.all(
  Object.entries(FONTS).map(async ([name, [family, file, variationAxes]]) => {
    const whole = readFileSync(package_file(family, file));
    writeFileSync(join(cut, `${name}.woff2`), await subset(whole, CORE, { targetFormat: "woff2", variationAxes }));
  }),
);

const fonts = {
  name: "fonts",
  setup(b) {
    b.onResolve({ filter: /^core:/ }, ({ path }) => ({ path: join(cut, `${path.slice(5)}.woff2`) }));
    b.onResolve({ filter: /^font:/ }, ({ path }) => {
      const [family, file] = path.slice(5).split("/");
      return { path: package_file(family, file) };
    });
  },
};

const ENTRIES = ["css/main.css", ...readdirSync(join(here, "src")).filter((f) => f.endsWith(".ts")).sort().map((f) => `src/${f}`)];
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ENTRIES,
  outdir: dist,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox121", "safari17.5"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  publicPath: "/assets",
  loader: { ".woff2": "file" },
  plugins: [fonts],
});

// The icon keeps its name's hash too.
const named = (name, bytes) => {
  const hashed = name.replace(".", `-${createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase()}.`);
  writeFileSync(join(dist, hashed), bytes);
  return ["entry", name, hashed];
};
const icon = named("icon.svg", readFileSync(join(here, "static/icon.svg")));

// Licences that ask to travel with the bytes.
const LICENSED = ["@fontsource-variable/newsreader", "@fontsource-variable/hanken-grotesk", "@fontsource-variable/geist-mono", "@noble/hashes", "@noble/curves"];
const licences = LICENSED.map((p) => `${p}\n\n${readFileSync(join(here, "node_modules", p, "LICENSE"), "utf8").trim()}\n`).join(`\n${"=".repeat(72)}\n\n`);
const licence_list = named("licences.txt", licences);

const TYPES = { ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2" };
const rows = [icon, licence_list];
for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) rows.push(["entry", basename(entryPoint).replace(/\.ts$/, ".js"), basename(file)]);
  const font = basename(file).match(/^(.+)-[A-Z0-9]{8}\.woff2$/);
  if (font && font[1] in FONTS) rows.push(["entry", `${font[1]}.woff2`, basename(file)]);
}
for (const file of readdirSync(dist).sort()) {
  const bytes = readFileSync(join(dist, file));
  const type = TYPES[extname(file)];
  if (!type) throw new Error(`no content type for ${file}`);
  const small = extname(file) !== ".woff2";
  if (small) {
    writeFileSync(join(dist, `${file}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
    writeFileSync(join(dist, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  }
  rows.push(["file", file, type, small ? "packed" : "plain"]);
}
writeFileSync(join(out, "assets.tsv"), rows.sort().map((r) => r.join("\t")).join("\n") + "\n");
