// Bundles the page into site/: what the edge serves at `/`. Run by `npm run build`.
import { cp, mkdir, rm } from 'node:fs/promises'
import { build } from 'esbuild'

const here = new URL('./', import.meta.url)
const site = new URL('site/', here)

await rm(site, { recursive: true, force: true })
await mkdir(site, { recursive: true })
await cp(new URL('page/', here), site, { recursive: true })
await build({
  entryPoints: [new URL('app/main.ts', here).pathname],
  outfile: new URL('app.js', site).pathname,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
})
