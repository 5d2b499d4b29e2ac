// Bundles the page into site/: what the edge serves at `/`. Run by `npm run build`.
import { cp, mkdir, rm } from 'node:fs/promises'
import { build } from 'esbuild'

const here = new URL('./', import.meta.url)
const site = new URL('site/', here)

await rm(site, { recursive: true, force: true })
await mkdir(site, { recursive: true })
await cp(new URL('page/', here), site, { recursive: true })
for (const file of ['index.html', 'console.css']) {
  await cp(new URL(`console/${file}`, here), new URL(`console/${file}`, site))
}
const pages = [
  { from: 'app/main.ts', to: 'app.js' },
  { from: 'console/console.ts', to: 'console/console.js' },
]
for (const { from, to } of pages)
  await build({
    entryPoints: [new URL(from, here).pathname],
    outfile: new URL(to, site).pathname,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  })
