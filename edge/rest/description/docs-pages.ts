import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ERRORS, type ErrorEntry } from '@chat4all/protocol'
import type { OpenApiDocument } from './openapi.js'

/** The pages for people: Swagger UI, served from our own files, and the table of errors. */

export interface Page {
  readonly path: `/${string}`
  answer(): Promise<Response>
}

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

export function docsPages(document: OpenApiDocument): Page[] {
  const openApi = JSON.stringify(document)
  return [
    page('/openapi.json', 'application/json', async () => openApi),
    page('/docs', HTML, async () => SWAGGER_PAGE),
    page('/docs/start.js', SCRIPT, async () => SWAGGER_START),
    page('/docs/errors', HTML, async () => errorsPage()),
    asset('/docs/swagger-ui.css', 'text/css; charset=utf-8', 'swagger-ui-dist/swagger-ui.css'),
    asset('/docs/swagger-ui.js', SCRIPT, 'swagger-ui-dist/swagger-ui-bundle.js'),
  ]
}

function page(path: Page['path'], contentType: string, content: () => Promise<string | Buffer<ArrayBuffer>>): Page {
  return {
    path,
    async answer() {
      return new Response(await content(), {
        headers: {
          'content-type': contentType,
          'content-security-policy': PAGE_POLICY,
          'cache-control': 'public, max-age=300',
        },
      })
    },
  }
}

/** A file of another package, read when somebody first asks for it. */
function asset(path: Page['path'], contentType: string, specifier: string): Page {
  let bytes: Promise<Buffer<ArrayBuffer>> | undefined
  return page(path, contentType, () => {
    bytes ??= readFile(fileURLToPath(import.meta.resolve(specifier)))
    return bytes
  })
}

const SWAGGER_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat4All REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const SWAGGER_START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
})
`

function errorsPage(): string {
  const rows = Object.entries<ErrorEntry>(ERRORS).map(
    ([code, { wire, http, close, retry, means, remedy }]) => `<tr id="${code}">
<th scope="row"><a href="#${code}">${code}</a></th><td>${wire}</td><td>${http}</td><td>${close ?? ''}</td><td>${retry}</td>
<td>${escaped(means)}</td><td>${escaped(remedy)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of Chat4All</title>
<link rel="icon" href="data:,">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem .8rem; text-align: left; vertical-align: top; }
tr:target { background: #ffc; }
</style>
</head>
<body>
<h1>Errors</h1>
<p>One table for frames, REST answers and close codes. Act on the code and on what <em>retry</em> says, never on text.</p>
<table>
<thead><tr><th>Code</th><th>Frame</th><th>HTTP</th><th>Close</th><th>Retry</th><th>Means</th><th>Remedy</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</body>
</html>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
