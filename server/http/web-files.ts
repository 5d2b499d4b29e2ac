import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { answer, pagePolicy } from './answer.js'

/**
 * The web chat's files. All are read, and compressed, once when the server starts; a request only looks its path up in
 * a map. So no path of a client ever reaches the file system.
 */

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}
const COMPRESSIBLE = /^(text|application\/(json|manifest|wasm)|image\/svg)/
const COMPRESS_BYTES_MIN = 1024
/** A name with a hash of the content in it: app-4F2K9QZ1.js, app.1a2b3c4d.css. */
const HASHED_NAME = /[.-][A-Za-z0-9_]{8,}\.[a-z0-9]+$/

interface WebFile {
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
  readonly plain: Uint8Array
  readonly gzip: Uint8Array | undefined
}

export interface WebFilesOptions {
  /** Where else the pages may load pictures from and send files to. */
  readonly origins?: readonly string[]
  /** For so long a browser that was here comes by TLS only; 0: that is not said. */
  readonly hstsSeconds?: number
}

/**
 * Serves the files of `folder` under `/`. Must be mounted last: it answers every GET that no other route took.
 * Returns how many files there are; 0 when there is no such folder.
 */
export function mountWebFiles(app: TemplatedApp, folder: string, options: WebFilesOptions = {}): number {
  const { origins = [], hstsSeconds = 0 } = options
  const files = readFiles(folder)
  const policy = {
    ...pagePolicy(origins),
    ...(hstsSeconds > 0 && { 'strict-transport-security': `max-age=${hstsSeconds}` }),
  }
  const handle = (res: HttpResponse, req: HttpRequest): void => {
    const path = req.getUrl()
    const file = files.get(path.endsWith('/') ? `${path}index.html` : path)
    const method = req.getMethod()
    if (file === undefined) {
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
      const why = files.size === 0 && path === '/' ? 'The web chat is not built: npm run build -w web\n' : 'Not found\n'
      return answer(res, { status: 404, headers, body: why }, method)
    }
    if (req.getHeader('if-none-match') === file.etag) {
      return answer(res, { status: 304, headers: { ...policy, ...file.headers } }, method)
    }
    const zipped = file.gzip !== undefined && /\bgzip\b(?!;q=0(\.0*)?(,|$))/.test(req.getHeader('accept-encoding'))
    const headers = { ...policy, ...file.headers, ...(zipped && { 'content-encoding': 'gzip' }) }
    answer(res, { status: 200, headers, body: zipped ? file.gzip! : file.plain }, method)
  }
  app.get('/*', handle).head('/*', handle)
  return files.size
}

function readFiles(folder: string): Map<string, WebFile> {
  const files = new Map<string, WebFile>()
  let names: string[]
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return files
    throw error
  }
  for (const name of names) {
    const path = name.slice(folder.length).replaceAll('\\', '/')
    const type = TYPES[extname(name).toLowerCase()]
    // Only what a web chat is made of: a stray file in the folder is not published.
    if (type !== undefined && !path.includes('/.')) files.set(encodeURI(path), readWebFile(name, type))
  }
  return files
}

function readWebFile(name: string, type: string): WebFile {
  const plain = readFileSync(name)
  const compress = plain.length >= COMPRESS_BYTES_MIN && COMPRESSIBLE.test(type)
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return {
    etag,
    plain,
    gzip: compress ? gzipSync(plain, { level: 9 }) : undefined,
    headers: {
      'content-type': type,
      'cache-control': HASHED_NAME.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      ...(compress && { vary: 'accept-encoding' }),
    },
  }
}
