import { normalise, type Rule, type Violation } from '../repository.js'
import { lineAt } from '../source-text.js'

const LINK = /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g

/** Every link in a page to a file of the repository leads somewhere, and so does its `#heading`. */
export const markdownLinks: Rule = (repository) => {
  const folders = new Set<string>()
  for (const file of repository.files.keys()) {
    for (let at = file.indexOf('/'); at !== -1; at = file.indexOf('/', at + 1)) folders.add(file.slice(0, at))
  }
  const violations: Violation[] = []
  for (const [file, text] of repository.files) {
    if (!file.endsWith('.md')) continue
    const prose = withoutCode(text)
    for (const match of prose.matchAll(LINK)) {
      const target = match[1]!
      if (/^[a-z]+:/.test(target)) continue
      const [path, heading] = target.split('#')
      const there = path === '' ? file : normalise(`${file.slice(0, file.lastIndexOf('/') + 1)}${path}`)
      const page = repository.files.get(there)
      const line = lineAt(text, match.index)
      if (page === undefined && !folders.has(there) && there !== '') {
        violations.push({ file, line, says: `links to ${target}, which is not there` })
      } else if (heading !== undefined && page !== undefined && there.endsWith('.md') && !headings(page).has(heading)) {
        violations.push({ file, line, says: `links to ${target}; no heading there is called so` })
      }
    }
  }
  return violations
}

function headings(page: string): Set<string> {
  const names = [...withoutFences(page).matchAll(/^#+\s+(.+)$/gm)].map(([, name]) => name!)
  return new Set(
    names.map((name) =>
      name
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  )
}

/** The page with its code as spaces: what looks like a link there is none. */
function withoutCode(page: string): string {
  return withoutFences(page).replace(/`[^`\n]+`/g, (code) => ' '.repeat(code.length))
}

function withoutFences(page: string): string {
  return page.replace(/^(```+)[\s\S]*?^\1/gm, (code) => code.replace(/[^\n]/g, ' '))
}
